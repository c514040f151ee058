// Values under the pointer, and zoom, for the pictures of pipeline/report/pictures. Without it they are complete pictures.
// Pointer or left and right keys: values. Drag or + : zoom. Double click, Escape or - : the whole picture.
(() => {
  "use strict";
  const NS = "http://www.w3.org/2000/svg";
  const short = v => (Math.abs(v) >= 1e6 || (v && Math.abs(v) < 1e-4) ? v.toExponential(2) : +v.toPrecision(4) + "").replace("-", "−");
  const iso = v => new Date(v * 1000).toISOString();
  const date = (v, step) => step >= 31536000 ? iso(v).slice(0, 4) : step >= 2600000 ? iso(v).slice(0, 7)
    : step >= 86400 ? iso(v).slice(0, 10) : step >= 60 ? iso(v).slice(5, 16).replace("T", " ") : iso(v).slice(11, 19);

  // A scale maps values to shares of the axis, as pipeline/report/pictures/scales.py does.
  function scale(text) {
    const [kind, low, high] = text.split(" "), log = kind === "log";
    const [a, b] = [+low, +high].map(v => log ? Math.log10(v) : v);
    return {kind, value: share => { const v = a + (b - a) * share; return log ? 10 ** v : v; },
            share: v => ((log ? Math.log10(v) : v) - a) / (b - a)};
  }

  function ticks(s, from, to, most) {
    const low = s.value(from), high = s.value(to), marks = [];
    if (s.kind === "log" && high / low > 20) {
      const every = Math.ceil(Math.log10(high / low) / most);
      for (let p = Math.ceil(Math.log10(low)); p <= Math.log10(high); p += every) marks.push([10 ** p, short(10 ** p)]);
      return marks;
    }
    const least = (high - low) / most;
    if (s.kind === "time" && least > 20 * 86400) {
      const year = 31556952, months = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200].find(m => m * year / 12 >= least) || 6000;
      const start = new Date(low * 1000), first = start.getUTCFullYear() * 12 + start.getUTCMonth();
      for (let m = Math.ceil(first / months) * months; ; m += months) {
        const at = new Date(0);
        at.setUTCFullYear(Math.floor(m / 12), m % 12, 1);
        if (at / 1000 > high) return marks;
        if (at / 1000 >= low) marks.push([at / 1000, date(at / 1000, months * 2600000)]);
      }
    }
    const power = 10 ** Math.floor(Math.log10(least));
    const step = s.kind === "time" ? [1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 1728000].find(k => k >= least)
      : [1, 2, 5, 10].map(k => k * power).find(k => k >= least * .999999);
    for (let k = Math.ceil(low / step); k * step <= high; k++) marks.push([k * step, s.kind === "time" ? date(k * step, step) : short(k * step)]);
    return marks;
  }

  function points(path) {
    const found = [];
    let x = 0, y = 0, mode = "";
    for (const [token] of path.getAttribute("d").matchAll(/[Mlh]|-?\d+ ?-?\d*/g)) {
      if (token === "M" || token === "l" || token === "h") { mode = token; continue; }
      if (mode === "h") continue;
      const [dx, dy] = token.match(/-?\d+/g).map(Number);
      if (mode === "M") [x, y] = [dx, dy]; else { x += dx; y += dy; }
      found.push([x, y]);
    }
    return found;
  }

  function make(name, attributes, parent) {
    const made = document.createElementNS(NS, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    parent.append(made);
    return made;
  }

  const tip = document.createElement("div");
  tip.className = "picture-tip";
  tip.setAttribute("aria-live", "polite");
  document.body.append(tip);

  for (const svg of document.querySelectorAll("svg.figure")) {
    // The browser's own box for the title would cover the values.
    const title = svg.querySelector(":scope > title");
    svg.setAttribute("aria-label", title.textContent);
    svg.removeAttribute("aria-labelledby");
    title.remove();
    const plot = svg.querySelector(".plot");
    if (!svg.dataset.x || !plot) continue;
    const sx = scale(svg.dataset.x), sy = scale(svg.dataset.y);
    const [, , W, H] = plot.getAttribute("viewBox").split(" ").map(Number);
    const box = Object.fromEntries(["x", "y", "width", "height"].map(k => [k, +plot.getAttribute(k)]));
    const lines = [...plot.querySelectorAll("[data-name]")].map(path => ({name: path.dataset.name, colour: path.getAttribute("stroke"), at: points(path)}));
    if (!lines.length) continue;
    // The places of points are rounded; their values are not.
    const even = (svg.dataset.even || "").split(" ").map(Number), at = (svg.dataset.at || "").split(" ").map(Number);
    const exact = v => even.length > 1 ? even[0] + Math.round((v - even[0]) / even[1]) * even[1]
      : at.length > 1 ? at.reduce((best, k) => Math.abs(k - v) < Math.abs(best - v) ? k : best) : v;
    const guide = make("path", {class: "edge", visibility: "hidden"}, svg), frame = make("rect", {class: "frame", visibility: "hidden", y: box.y, height: box.height}, svg);
    const whole = {x: 0, y: 0, w: W, h: H}, fixed = [svg.querySelector(".x"), svg.querySelector(".y")].map(g => [...g.childNodes]);
    let view = whole, start = null, place = 0;
    svg.tabIndex = 0;

    function show(next) {
      view = next;
      plot.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
      const axes = [svg.querySelector(".x"), svg.querySelector(".y")];
      if (view === whole) { axes.forEach((g, i) => g.replaceChildren(...fixed[i])); return; }
      axes.forEach((g, i) => { if (i === 0 || g.querySelector("path")) g.replaceChildren(); });
      let grid = "";
      for (const [v, text] of ticks(sx, view.x / W, (view.x + view.w) / W, 4)) {
        const x = box.x + (sx.share(v) * W - view.x) / view.w * box.width;
        grid += `M${x} ${box.y}v${box.height}`;
        make("text", {x, y: box.y + box.height + 16, "text-anchor": "middle"}, axes[0]).textContent = text;
      }
      make("path", {class: "grid", d: grid}, axes[0]);
      if (axes[1].childNodes.length) return;
      grid = "";
      for (const [v, text] of ticks(sy, 1 - (view.y + view.h) / H, 1 - view.y / H, 4)) {
        const y = box.y + ((1 - sy.share(v)) * H - view.y) / view.h * box.height;
        grid += `M${box.x} ${y}h${box.width}`;
        make("text", {x: box.x - 6, y: y + 4, "text-anchor": "end"}, axes[1]).textContent = text;
      }
      make("path", {class: "grid", d: grid}, axes[1]);
    }

    // Zoom to a range of places; the vertical axis follows what is seen.
    function zoom(from, to) {
      if (to - from < W / 500) return;
      const seen = lines.flatMap(line => line.at).filter(p => p[0] >= from && p[0] <= to && p[1] >= -H && p[1] <= 2 * H).map(p => p[1]);
      const low = Math.min(...seen), high = Math.max(...seen), room = (high - low) * .06 || H / 20;
      const tall = seen.length && svg.querySelector(".y path");
      show({x: from, w: to - from, y: tall ? low - room : 0, h: tall ? high - low + 2 * room : H});
    }

    function name(x, clientX, clientY) {
      let nearest = null;
      for (const line of lines) for (const p of line.at) if (nearest === null || Math.abs(p[0] - x) < Math.abs(nearest - x)) nearest = p[0];
      place = nearest;
      const at = box.x + (nearest - view.x) / view.w * box.width;
      guide.setAttribute("d", `M${at} ${box.y}v${box.height}`);
      guide.setAttribute("visibility", at < box.x - 1 || at > box.x + box.width + 1 ? "hidden" : "visible");
      const v = exact(sx.value(nearest / W)), rows = [["", sx.kind === "time" ? iso(v).slice(0, 19).replace("T00:00:00", "").replace("T", " ") : short(v), ""]], listed = new Set();
      for (const line of lines) {
        const p = line.at.find(p => p[0] === nearest);
        if (p && !listed.has(line.name)) rows.push([line.name, short(sy.value(1 - p[1] / H)), line.colour]);
        listed.add(line.name);
      }
      tip.replaceChildren(...rows.map(([label, text, colour]) => {
        const row = document.createElement("div"), value = document.createElement("b");
        row.textContent = label ? label + " " : "";
        value.textContent = text;
        row.append(value);
        if (colour) row.style.borderLeft = "3px solid " + colour;
        return row;
      }));
      tip.style.setProperty("display", "block");
      // The colours of a picture stand on the picture alone.
      for (const key of ["--naive", "--linear", "--season", "--oracle", "--seed-2", "--seed-3", "--seed-4", "--seed-5"]) tip.style.setProperty(key, getComputedStyle(svg).getPropertyValue(key));
      const wide = tip.offsetWidth;
      tip.style.left = Math.max(4, clientX + 16 + wide > innerWidth ? clientX - wide - 16 : clientX + 16) + "px";
      tip.style.top = Math.min(clientY + 12, innerHeight - tip.offsetHeight - 4) + "px";
    }

    function under(event) {
      const r = svg.getBoundingClientRect(), s = r.width / svg.viewBox.baseVal.width;
      const share = ((event.clientX - r.left) / s - box.x) / box.width;
      return view.x + Math.min(Math.max(share, 0), 1) * view.w;
    }
    const hide = () => { tip.style.display = "none"; guide.setAttribute("visibility", "hidden"); };
    const on = (kind, act) => svg.addEventListener(kind, act);

    on("pointermove", event => {
      const x = under(event);
      name(x, event.clientX, event.clientY);
      if (start === null) return;
      const [a, b] = [start, x].sort((p, q) => p - q).map(p => box.x + (p - view.x) / view.w * box.width);
      frame.setAttribute("x", a); frame.setAttribute("width", b - a); frame.setAttribute("visibility", "visible");
    });
    on("pointerdown", event => { if (event.pointerType === "mouse" && event.button === 0) { start = under(event); event.preventDefault(); } });
    on("pointerup", event => {
      const from = start;
      start = null;
      frame.setAttribute("visibility", "hidden");
      if (from !== null) zoom(...[from, under(event)].sort((p, q) => p - q));
    });
    on("pointerleave", () => { start = null; frame.setAttribute("visibility", "hidden"); hide(); });
    on("blur", hide);
    on("dblclick", () => show(whole));
    on("keydown", event => {
      const all = [...new Set(lines.flatMap(line => line.at.map(p => p[0])))].filter(x => x >= view.x && x <= view.x + view.w).sort((p, q) => p - q);
      const k = Math.max(all.indexOf(place), 0), r = svg.getBoundingClientRect(), step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (step) name(all[Math.min(Math.max(k + step, 0), all.length - 1)], r.left + r.width / 2, r.top + 20);
      else if (event.key === "+") zoom(Math.max(place - view.w / 4, 0), Math.min(place + view.w / 4, W));
      else if (event.key === "-" || event.key === "Escape") { show(whole); hide(); }
      else return;
      event.preventDefault();
    });
  }
})();
