"""The five posts at the posted sizes: `size: full`, as many epochs as the author ran, one seed.

    python -m benchmarks.posts                  all experiments of params.yaml that belong to a post; hours
    python -m benchmarks.posts 107289 51264     the experiments of some posts, or some experiments by name
    python -m benchmarks.posts --list           only what each will take: minutes, memory, disk
    python -m benchmarks.posts --minutes 30     at most so long for each experiment: fewer epochs where they do not fit

It trains on the backend that is fastest for the network. A result is written to
benchmarks/results/posts/EXPERIMENT.json as soon as its experiment ends, and all together to
benchmarks/results/posts.json, which the report and the stories read. After a kill, the same command goes on where it
stopped. Results with the same settings are kept; to compute one again, delete its file. Data, trainings and measured
speeds of the work in progress are in .posts/, which can be deleted. Commands for different posts may run side by side.
"""
