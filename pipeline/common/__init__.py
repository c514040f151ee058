"""Parameters, files, errors and costs, for all stages."""

import os

# One thread for the linear algebra and the trees of every stage: the number of threads changes the order of sums. It is
# said here because libraries read it when they are loaded, which is later than a limit that is set around a call. Two
# stages at a time with two threads each also wait for one another: 60 trees on 3,000 windows took 6 s of two busy cores
# instead of 0.12 s.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
