"use strict";
(function () {
  const source = document.getElementById("plots");
  if (!source) return;
  const redraws = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim() || "#888888";
  }
  function series(at) { return colour("series-" + (at % 8 + 1)); }
  function faint(value) { return /^#[0-9a-f]{6}$/i.test(value) ? value + "2e" : value; }
  function font(size) { return size + "px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"; }
  function amount(value) { return value === null || value === undefined ? "–" : value.toLocaleString("en-GB", { maximumSignificantDigits: 4 }); }
  function clamp(value, low, high) { return Math.max(low, Math.min(high, value)); }

  function add(parent, tag, attributes, content) {
    const made = document.createElement(tag);
    Object.entries(attributes || {}).forEach(function (pair) { made.setAttribute(pair[0], pair[1]); });
    if (content !== undefined) made.textContent = content;
    parent.appendChild(made);
    return made;
  }

  // one redraw for each frame, whatever asked for it
  function once(draw) {
    let waiting = false;
    return function () {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(function () { waiting = false; draw(); });
    };
  }

  function controls(host, samples, chosen) {
    const bar = add(host, "div", { class: "plot-bar" });
    if (samples.length > 1) {
      const label = add(bar, "label", {}, "Show ");
      const list = add(label, "select", {});
      samples.forEach(function (title, at) { add(list, "option", { value: at }, title); });
      list.addEventListener("change", function () { chosen(Number(list.value)); });
    } else if (samples.length) add(bar, "span", {}, samples[0]);
    return bar;
  }

  // ---- raster

  function numbers(encoded) {
    const bytes = atob(encoded), found = [];
    let value = 0, scale = 1;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes.charCodeAt(at);
      value += (byte & 127) * scale;
      if (byte & 128) scale *= 128;
      else { found.push(value); value = 0; scale = 1; }
    }
    return found;
  }

  // marks of one train in one sample, by ascending column: column (step), row (neuron), count
  function unpacked(item, size) {
    const grid = item.cells !== undefined, values = numbers(grid ? item.cells : item.events);
    const each = grid ? 2 : 1, n = values.length / each;
    const rows = grid ? Math.ceil(size / item.row) : size;
    const marks = { n: n, column: new Int32Array(n), row: new Int32Array(n), count: grid ? new Int32Array(n) : null, rows: rows,
      perRow: grid ? item.row : 1, perColumn: grid ? item.column : 1, most: 1 };
    let place = -1;
    for (let at = 0; at < n; at++) {
      place += values[at * each] + 1;
      marks.column[at] = Math.floor(place / rows);
      marks.row[at] = place % rows;
      if (grid) { marks.count[at] = values[at * each + 1]; marks.most = Math.max(marks.most, marks.count[at]); }
    }
    return marks;
  }

  function firstAtLeast(columns, value) {
    let low = 0, high = columns.length;
    while (low < high) { const middle = (low + high) >> 1; if (columns[middle] < value) low = middle + 1; else high = middle; }
    return low;
  }

  function raster(host, data) {
    const LABEL = 20, GAP = 10, FOOT = 38, EDGE = 2;
    const cache = new Map();
    let sample = 0, view = { left: 0, right: data.steps }, drag = null, tops = [], width = 0;
    const bands = data.series.map(function (item) {
      return { item: item, low: 0, high: item.size, tall: clamp(Math.round(22 + 15 * Math.log2(item.size)), 22, data.series.length > 8 ? 90 : 150) };
    });

    const bar = controls(host, data.samples, function (at) { sample = at; canvas.setAttribute("aria-label", described()); redraw(); });
    const reset = add(bar, "button", { type: "button" }, "Show all");
    const canvas = add(host, "canvas", { tabindex: 0, role: "img" });
    const says = add(host, "p", { class: "plot-says" });

    function marks(at) {
      const key = at + "/" + sample;
      if (!cache.has(key)) cache.set(key, unpacked(data.series[at].samples[sample], data.series[at].size));
      return cache.get(key);
    }
    // counted from what is drawn, not from what the page says about it
    function described() {
      return "Raster: " + bands.map(function (it, at) {
        const found = marks(at), spikes = found.count ? found.count.reduce(function (sum, n) { return sum + n; }, 0) : found.n;
        return it.item.name + ", " + spikes + " spikes";
      }).join("; ");
    }
    function x(step) { return EDGE + (step - view.left) / (view.right - view.left) * (width - 2 * EDGE); }
    function stepAt(px) { return view.left + (px - EDGE) / (width - 2 * EDGE) * (view.right - view.left); }
    function bandAt(py) { return tops.findIndex(function (top, at) { return py >= top - GAP / 2 && py <= top + bands[at].tall + GAP / 2; }); }
    function neuronAt(at, py) { return bands[at].low + (py - tops[at]) / bands[at].tall * (bands[at].high - bands[at].low); }

    // the cells of a train as a picture of one pixel each, painted once for each theme
    function painted(found, ink) {
      if (found.ink === ink) return found.image;
      const image = document.createElement("canvas"), parts = /^#(..)(..)(..)$/.exec(ink) || ["", "88", "88", "88"];
      image.width = Math.ceil(data.steps / found.perColumn);
      image.height = found.rows;
      const context = image.getContext("2d"), pixels = context.createImageData(image.width, image.height);
      for (let i = 0; i < found.n; i++) {
        const place = 4 * (found.row[i] * image.width + found.column[i]);
        for (let part = 0; part < 3; part++) pixels.data[place + part] = parseInt(parts[part + 1], 16);
        pixels.data[place + 3] = 255 * (0.15 + 0.85 * Math.sqrt(found.count[i] / found.most));
      }
      context.putImageData(pixels, 0, 0);
      found.ink = ink;
      found.image = image;
      return image;
    }
    // rows of cells are averaged where they are thinner than a pixel, but steps stay apart
    const strip = document.createElement("canvas");
    function cells(context, at, found) {
      const it = bands[at], image = painted(found, series(at)), lines = (it.high - it.low) / found.perRow;
      strip.width = image.width;
      strip.height = Math.max(1, Math.round(it.tall * (window.devicePixelRatio || 1)));
      const narrow = strip.getContext("2d");
      narrow.imageSmoothingEnabled = lines > strip.height;
      narrow.imageSmoothingQuality = "high";
      narrow.drawImage(image, 0, it.low / found.perRow, image.width, lines, 0, 0, image.width, strip.height);
      context.imageSmoothingEnabled = false;
      context.drawImage(strip, x(0), tops[at], x(image.width * found.perColumn) - x(0), it.tall);
    }

    function band(context, at) {
      const it = bands[at], top = tops[at], found = marks(at), unit = it.item.input ? "line" : "neuron";
      const name = it.item.name, whole = it.low === 0 && it.high === it.item.size;
      const rangeText = whole ? it.item.size.toLocaleString("en-GB") + " " + unit + (it.item.size > 1 ? "s" : "")
        : unit + "s " + it.low + " to " + (it.high - 1) + " of " + it.item.size.toLocaleString("en-GB");
      const spikes = it.item.samples[sample].n;
      context.font = "600 " + font(12);
      context.fillStyle = colour("ink");
      context.fillText(name, EDGE, top - 6);
      const used = context.measureText(name).width;
      context.font = font(12);
      context.fillStyle = colour("ink-soft");
      context.fillText(rangeText + ", " + spikes.toLocaleString("en-GB") + " spike" + (spikes === 1 ? "" : "s"), EDGE + used + 10, top - 6);
      context.fillStyle = colour("panel");
      context.fillRect(EDGE, top, width - 2 * EDGE, it.tall);
      context.save();
      context.beginPath();
      context.rect(EDGE, top, width - 2 * EDGE, it.tall);
      context.clip();
      context.fillStyle = series(at);
      const perStep = (width - 2 * EDGE) / (view.right - view.left), perNeuron = it.tall / (it.high - it.low);
      const wide = clamp(perStep * (perStep > 3 ? 0.7 : 1), 1, 7), inset = Math.max(0, (perStep - wide) / 2);
      const tall = Math.max(1, perNeuron * (perNeuron > 3 ? 0.7 : 1)), shift = Math.max(0, (perNeuron - tall) / 2);
      if (found.count) { cells(context, at, found); context.restore(); return; }
      const from = firstAtLeast(found.column, Math.floor(view.left) - 1), to = firstAtLeast(found.column, Math.ceil(view.right) + 1);
      for (let i = from; i < to; i++) {
        context.fillRect(x(found.column[i]) + inset, top + (found.row[i] - it.low) * perNeuron + shift, wide, tall);
      }
      context.restore();
    }

    function axis(context, bottom) {
      const span = view.right - view.left, target = Math.max(3, width / 90);
      const raw = span / target, power = Math.pow(10, Math.floor(Math.log10(raw)));
      const each = Math.max(1, power * [1, 2, 5, 10].find(function (f) { return f * power >= raw; }));
      context.fillStyle = colour("ink-soft");
      context.strokeStyle = colour("line");
      context.font = font(12);
      context.textAlign = "center";
      const firstTick = Math.ceil((view.left + data.first) / each) * each;
      for (let tick = firstTick; tick < view.right + data.first; tick += each) {
        const at = x(tick - data.first + 0.5), label = String(Math.round(tick));
        const half = context.measureText(label).width / 2;
        context.fillRect(at - 0.5, bottom, 1, 4);
        if (at > EDGE && at < width - EDGE) context.fillText(label, clamp(at, half + EDGE, width - EDGE - half), bottom + 17);
      }
      context.fillText("step", width / 2, bottom + 33);
      context.textAlign = "left";
    }

    function draw() {
      width = Math.max(160, host.clientWidth);
      let bottom = 0;
      tops = bands.map(function (it) { const top = bottom + LABEL; bottom = top + it.tall + GAP; return top; });
      const height = bottom - GAP + FOOT, ratio = window.devicePixelRatio || 1;
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        canvas.style.width = width + "px";
        canvas.style.height = height + "px";
      }
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      bands.forEach(function (_, at) { band(context, at); });
      axis(context, bottom - GAP);
      if (drag && drag.band >= 0) {
        const box = selected();
        context.strokeStyle = colour("accent");
        context.lineWidth = 1.5;
        context.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
        context.lineWidth = 1;
      }
      const first = Math.floor(view.left) + data.first, last = Math.ceil(view.right) + data.first - 1;
      if (!drag) says.textContent = "Steps " + first.toLocaleString("en-GB") + " to " + last.toLocaleString("en-GB");
    }
    const redraw = once(draw);

    function selected() {
      const top = tops[drag.band], rows = Math.abs(drag.y - drag.startY) > 12;
      return { left: clamp(Math.min(drag.x, drag.startX), EDGE, width - EDGE), right: clamp(Math.max(drag.x, drag.startX), EDGE, width - EDGE),
        top: rows ? clamp(Math.min(drag.y, drag.startY), top, top + bands[drag.band].tall) : top,
        bottom: rows ? clamp(Math.max(drag.y, drag.startY), top, top + bands[drag.band].tall) : top + bands[drag.band].tall, rows: rows };
    }
    function show(left, right) {
      const span = clamp(right - left, Math.min(2, data.steps), data.steps);
      view.left = clamp(left, 0, data.steps - span);
      view.right = view.left + span;
      redraw();
    }
    function all() {
      bands.forEach(function (it) { it.low = 0; it.high = it.item.size; });
      show(0, data.steps);
    }
    function nearest(px, py) {
      const at = bandAt(py);
      if (at < 0) return "";
      const found = marks(at), it = bands[at], step = stepAt(px), reach = Math.max(1, stepAt(px + 6) - step);
      const from = firstAtLeast(found.column, Math.floor((step - reach) / found.perColumn));
      const to = firstAtLeast(found.column, Math.ceil((step + reach) / found.perColumn) + 1);
      let best = 90, hit = -1;
      for (let i = from; i < to; i++) {
        const dx = x((found.column[i] + 0.5) * found.perColumn) - px;
        const dy = tops[at] + ((found.row[i] + 0.5) * found.perRow - it.low) / (it.high - it.low) * it.tall - py;
        if (dx * dx + dy * dy < best) { best = dx * dx + dy * dy; hit = i; }
      }
      if (hit < 0) return "";
      const when = found.column[hit] * found.perColumn + data.first, who = found.row[hit] * found.perRow;
      const unit = it.item.input ? "line" : "neuron";
      if (!found.count) return "Step " + when + ", " + it.item.name + ", " + unit + " " + who;
      const lastStep = Math.min(when + found.perColumn, data.first + data.steps) - 1, lastOne = Math.min(who + found.perRow, it.item.size) - 1;
      return "Steps " + when + " to " + lastStep + ", " + it.item.name + ", " + unit + "s " + who + " to " + lastOne + ": " + found.count[hit] + " spikes";
    }
    function place(event) {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    }

    canvas.addEventListener("pointerdown", function (event) {
      if (event.button) return;
      const at = place(event);
      drag = { startX: at.x, startY: at.y, x: at.x, y: at.y, band: bandAt(at.y) };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", function (event) {
      const at = place(event);
      if (drag) { drag.x = at.x; drag.y = at.y; redraw(); return; }
      const found = nearest(at.x, at.y);
      if (found) says.textContent = found;
    });
    canvas.addEventListener("pointerup", function () {
      if (!drag) return;
      if (drag.band >= 0) {
        const box = selected(), it = bands[drag.band];
        if (box.rows) {
          const low = Math.floor(neuronAt(drag.band, box.top)), high = Math.ceil(neuronAt(drag.band, box.bottom));
          it.low = clamp(low, 0, it.item.size - 1);
          it.high = clamp(high, it.low + 1, it.item.size);
        }
        if (box.right - box.left > 5) show(Math.floor(stepAt(box.left)), Math.ceil(stepAt(box.right)));
      }
      drag = null;
      redraw();
    });
    canvas.addEventListener("pointercancel", function () { drag = null; redraw(); });
    canvas.addEventListener("dblclick", all);
    reset.addEventListener("click", all);
    canvas.addEventListener("keydown", function (event) {
      const span = view.right - view.left, middle = (view.left + view.right) / 2;
      const moves = {
        ArrowLeft: [view.left - span / 5, view.right - span / 5], ArrowRight: [view.left + span / 5, view.right + span / 5],
        "+": [middle - span / 4, middle + span / 4], "=": [middle - span / 4, middle + span / 4], "-": [middle - span, middle + span],
      };
      if (event.key === "0" || event.key === "Home") all();
      else if (moves[event.key]) show(moves[event.key][0], moves[event.key][1]);
      else return;
      event.preventDefault();
    });
    new ResizeObserver(redraw).observe(host);
    canvas.setAttribute("aria-label", described());
    redraws.push(draw);
    draw();
  }

  // ---- lines

  // options of a line plot in the colours of the theme; `more` adds series, bands and hooks
  function lines(host, title, steps, columns, more) {
    const place = add(host, "div", { class: "plot-lines", tabindex: 0, role: "group", "aria-label": title });
    let plot = null;
    function make() {
      const scales = plot && { min: plot.scales.x.min, max: plot.scales.x.max };
      if (plot) plot.destroy();
      const axis = { stroke: colour("ink-soft"), font: font(12), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 } };
      const own = more();
      const options = Object.assign({
        width: Math.max(220, place.clientWidth), height: 240, scales: { x: { time: false } },
        cursor: { points: { size: 6 }, drag: { x: true, y: false } },
      }, own, { axes: [Object.assign({ label: "step", labelFont: font(12), labelSize: 16, size: 32, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] }, axis)]
        .concat(own.axes.map(function (item) { return Object.assign({ labelFont: font(12), labelSize: 22 }, axis, item); })) });
      plot = new uPlot(options, [steps].concat(columns()), place);
      if (own.quiet) own.quiet.forEach(function (at) { plot.root.querySelectorAll(".u-series")[at].style.display = "none"; });
      if (scales) plot.setScale("x", scales);
    }
    place.addEventListener("keydown", function (event) {
      const low = plot.scales.x.min, high = plot.scales.x.max, span = high - low, ends = [steps[0], steps[steps.length - 1]];
      const by = { ArrowLeft: [-0.2, -0.2], ArrowRight: [0.2, 0.2], "+": [0.25, -0.25], "=": [0.25, -0.25], "-": [-0.5, 0.5] }[event.key];
      if (event.key === "0" || event.key === "Home") plot.setScale("x", { min: ends[0], max: ends[1] });
      else if (by) plot.setScale("x", { min: Math.max(ends[0], low + by[0] * span), max: Math.min(ends[1], high + by[1] * span) });
      else return;
      event.preventDefault();
    });
    make();
    const fit = once(function () { plot.setSize({ width: Math.max(220, place.clientWidth), height: 240 }); });
    new ResizeObserver(fit).observe(place);
    redraws.push(make);
    return make;
  }

  function rates(host, data) {
    const steps = Array.from({ length: data.points }, function (_, at) { return data.first + at * data.per; });
    // three columns for each train: mean, lowest, highest; only the mean is named below the plot
    function columns() { return data.series.flatMap(function (item) { return item.low ? [item.mean, item.low, item.high] : [item.mean]; }); }
    function more() {
      const rows = [{ label: "step" }], bands = [], quiet = [];
      data.series.forEach(function (item, at) {
        const line = series(item.colour === undefined ? at : item.colour);
        rows.push({ label: item.name, stroke: line, width: 2, value: function (_, v) { return v === null || v === undefined ? "–" : amount(v) + " %"; }, points: { show: data.points < 2 } });
        if (!item.low) return;
        quiet.push(rows.length, rows.length + 1);
        bands.push({ series: [rows.length + 1, rows.length], fill: faint(line) });
        rows.push({ label: "low", stroke: "transparent", width: 0, points: { show: false } }, { label: "high", stroke: "transparent", width: 0, points: { show: false } });
      });
      return { series: rows, bands: bands, quiet: quiet, axes: [{ label: data.unit, size: 52 }],
        hooks: { setSeries: [function (plot, at) {
          if (at === null || !plot.series[at + 1] || plot.series[at + 1].label !== "low") return;
          [at + 1, at + 2].forEach(function (i) { if (plot.series[i].show !== plot.series[at].show) plot.setSeries(i, { show: plot.series[at].show }); });
        }] } };
    }
    lines(host, "Spikes in each step", steps, columns, more);
  }

  function traces(host, data) {
    let shown = data.samples[0];
    const steps = Array.from({ length: data.steps }, function (_, at) { return data.first + at; });
    controls(host, data.samples.map(function (item) { return item.title; }), function (at) { shown = data.samples[at]; make(); });
    function columns() {
      const flat = shown.thresholds.map(function (value) { return steps.map(function () { return value; }); });
      return shown.values.concat(shown.reference || [], flat);
    }
    function more() {
      const rows = [{ label: "step" }], plain = function (_, v) { return amount(v); };
      function line(label, stroke, dash) { rows.push({ label: label, stroke: stroke, width: 1.5, dash: dash, value: plain, points: { show: false } }); }
      shown.neurons.forEach(function (n, at) { line("neuron " + n, series(at)); });
      if (shown.reference) shown.neurons.forEach(function (n, at) { line(n + " in floats", series(at), [3, 3]); });
      shown.thresholds.forEach(function () { line("threshold", colour("error"), [8, 4]); });
      const axes = [{ label: data.unit, size: 78, values: function (_, ticks) { return ticks.map(amount); } }], scales = { x: { time: false } };
      // the same axis in the units of the network, with round numbers of its own
      if (shown.scale) {
        const inUnits = function (value) { return value / shown.scale + shown.frame; };
        scales.network = { from: "y", range: function (_, low, high) { return [inUnits(low), inUnits(high)]; } };
        axes.push({ scale: "network", side: 1, size: 44, label: "units of the network", grid: { show: false } });
      }
      return { series: rows, axes: axes, scales: scales, hooks: { draw: [spikes] } };
    }
    // a triangle at the top for each spike
    function spikes(plot) {
      const context = plot.ctx, size = 4 * (window.devicePixelRatio || 1), top = plot.bbox.top;
      context.save();
      shown.spikes.forEach(function (when, at) {
        context.fillStyle = series(at);
        when.forEach(function (step) {
          const px = plot.valToPos(step, "x", true);
          if (px < plot.bbox.left || px > plot.bbox.left + plot.bbox.width) return;
          context.beginPath();
          context.moveTo(px - size, top);
          context.lineTo(px + size, top);
          context.lineTo(px, top + 1.6 * size);
          context.fill();
        });
      });
      context.restore();
    }
    const make = lines(host, data.title, steps, columns, more);
  }

  const kinds = { raster: raster, rates: rates, traces: traces };
  JSON.parse(source.textContent).forEach(function (plot) {
    const host = document.getElementById(plot.name);
    if (host && kinds[plot.kind]) kinds[plot.kind](host, plot.data);
  });
  function again() { redraws.forEach(function (draw) { draw(); }); }
  document.addEventListener("neurodeploy-theme", again);
  matchMedia("print").addEventListener("change", again);
})();
