
// The charts of a sweep: a key figure over each axis, over two axes, and against another.

const levels = (values) => [...new Set(values.filter((value) => value !== null))].sort((a, b) => a - b);

/** Runs that have both, as [x, y, run]. */
const pairs = (x, y) => x.map((value, run) => [value, y[run], run]).filter(([a, b]) => a !== null && b !== null);

/** Ends the charts in an element and empties it. */
function clearCharts(box) {
  for (let at = charts.length - 1; at >= 0; at -= 1) if (box.contains(charts[at].box)) { charts[at].drawn.dispose(); charts.splice(at, 1); }
  box.replaceChildren();
}

// Axes ---------------------------------------------------------------------------------------------------------------

/** Values above zero that lie further apart than this, as a ratio, may stand on a logarithmic axis. */
const LOG_FROM = 50;
/** Whether sorted values are spread by their ratios: far apart, and the middle one nearer to the middle of a logarithmic axis. */
function isLog(values) {
  const low = values[0], high = values[values.length - 1], middle = quantile(values, 0.5);
  if (!(low > 0 && high > LOG_FROM * low)) return false;
  const off = (by) => Math.abs((by(middle) - by(low)) / (by(high) - by(low)) - 0.5);
  return off(Math.log) < off((value) => value);
}

/** From a little below the least to a little above the largest of sorted values. */
function roomFor(values) {
  const low = values[0], high = values[values.length - 1];
  if (isLog(values)) { const by = (high / low) ** 0.05; return { min: low / by, max: high * by }; }
  const pad = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return { min: low - pad, max: high + pad };
}

/** The bottom axis of numbers that were varied: ticks at the values themselves where they are few. */
function variedAxis(axis, small) {
  const values = levels(axis.values), log = isLog(values);
  const ticks = values.length <= LEVELS ? { axisTick: { show: true, customValues: values }, axisLabel: { customValues: values, fontSize: small ? 9.5 : 11 } }
    : { splitNumber: small ? 3 : 5, axisLabel: { showMinLabel: false, showMaxLabel: false, fontSize: small ? 9.5 : 11 } };
  return bottomAxis({ type: log ? 'log' : 'value', name: small ? (log ? 'log' : '') : axisName(axis) + (log ? ', log' : ''), ...roomFor(values), ...ticks, ...(small ? { nameLocation: 'end', nameGap: 2 } : {}) });
}

/** An axis from about the least to about the largest value, with round numbers. */
const tight = { scale: true };

/** A name in lines of about so many letters, cut where its words end. */
function wrapped(name, letters) {
  const lines = [''];
  for (const word of name.match(/[^_ -]+[_ -]*|[_ -]+/g) || [name]) {
    if (lines[lines.length - 1] && (lines[lines.length - 1] + word).trimEnd().length > letters) lines.push(word);
    else lines[lines.length - 1] += word;
  }
  return lines.join('\n');
}
/** How names of cases stand beside one another, each on so many pixels: in lines, if need be small, else aslant. */
function caseLabels(names, each) {
  const letters = (size) => Math.max(1, Math.floor(each / (size * 0.6)));
  const longest = (size) => Math.max(...names.flatMap((name) => wrapped(name, letters(size)).split('\n')).map((part) => part.trimEnd().length));
  const fontSize = [11, 9].find((size) => longest(size) <= letters(size));
  if (!fontSize) return { axisLabel: { interval: 0, hideOverlap: each < 12, rotate: 30, fontSize: 9, width: 90, overflow: 'truncate' }, height: 12 + Math.min(50, 2.9 * Math.max(...names.map((name) => name.length))) };
  const lines = Math.max(...names.map((name) => wrapped(name, letters(fontSize)).split('\n').length));
  return { axisLabel: { interval: 0, hideOverlap: false, lineHeight: fontSize + 1, fontSize, formatter: (name) => wrapped(name, letters(fontSize)) }, height: (fontSize + 1) * lines };
}

// One key figure -----------------------------------------------------------------------------------------------------

function figureByFigure(page, data, state) {
  const made = section(page, 'A key figure', 'How it is spread over all runs, and how it answers to each axis. Dots are runs, the line is their mean, the band runs from P10 to P90; where an axis has more than a dozen values, it is cut into ten parts of equally many runs.', true);
  const screen = el('div', { class: 'on-screen', id: 'figures' });
  const show = (index) => {
    state.kpi = index;
    clearCharts(screen);
    kpiFigures(screen, data, index);
    if (state.changed) state.changed();
  };
  const options = varying(data).map((index) => [index, `${data.kpis[index].label} · ${data.kpis[index].name}`]);
  made.append(el('div', { class: 'bar' }, choice('Key figure', 'kpi', options, (value) => show(Number(value)), state.kpi).label), screen);
  show(state.kpi);
  // On paper nobody can choose: there the main figures follow one another.
  forPaper(made, (paper) => data.main.forEach((index) => { const box = el('div', { class: 'whole' }); paper.append(box); kpiFigures(box, data, index, PAPER_PX); }));
}

/** What is drawn when the page is printed for the first time, and seen on paper only. */
function forPaper(made, draw) {
  const paper = el('div', { class: 'on-paper' });
  made.append(paper);
  let isDrawn = false;
  window.addEventListener('beforeprint', () => {
    if (isDrawn) return;
    isDrawn = true;
    draw(paper);
  });
}

function kpiFigures(parent, data, index, paper) {
  const kpi = scaledKpi(data, index);
  const show = (value) => num(value === null ? null : value / kpi.by, 5);
  const about = `Mean ${show(kpi.mean)} ${kpi.unit}, median ${show(kpi.median)}, P10–P90 ${show(kpi.q10)} to ${show(kpi.q90)}, extremes ${show(kpi.min)} and ${show(kpi.max)}, over ${counted(kpi.count, 'run')}.`;
  parent.append(el('h3', {}, kpi.label), el('p', { class: 'quiet' }, kpi.description ? prose(`${kpi.description}. `) : '', about));
  const panels = el('div', { class: paper ? 'triple' : 'pair' });
  const width = paper ? (paper - 40) / 3 : undefined;
  if (paper) { parent.append(panels); distribution(panels, data, kpi, width); } else { distribution(parent, data, kpi); parent.append(panels); }
  data.axes.forEach((axis) => (axis.cases ? casesOf : responseTo)(panels, axis, kpi, width));
  endsOf(parent, data, kpi, paper ? 2 : 5);
}

/** Edges of bins at round numbers, about as many bins as wanted. */
function roundEdges(low, high, wanted) {
  const rough = (high - low) / wanted || Math.abs(high) || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((of) => of >= rough * 0.999);
  const first = Math.floor(low / step + 1e-9), last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return { step, min: first * step, max: last * step, count: last - first };
}

function distribution(parent, data, kpi, width) {
  const known = kpi.values.filter((value) => value !== null);
  const edges = roundEdges(known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b)), Math.max(5, Math.min(30, Math.sqrt(known.length) * 1.2)));
  const binOf = (value) => Math.max(0, Math.min(edges.count - 1, Math.floor((value - edges.min) / edges.step + 1e-9)));
  // By the axis of cases that it follows most.
  const split = data.axes.map((axis, at) => [axis, kpi.follows[at] || 0]).filter(([axis]) => axis.cases && axis.cases.length <= CASES.length).sort((a, b) => b[1] - a[1]).map(([axis]) => axis)[0];
  const groups = split ? split.cases.map((name, place) => [name, kpi.values.filter((value, run) => value !== null && split.values[run] === place)]) : [['runs', known]];
  const bar = (name, list, color) => {
    const bins = Array.from({ length: edges.count }, () => 0);
    list.forEach((value) => { bins[binOf(value)] += 1; });
    return { name, type: 'bar', stack: 'all', data: bins, color, barCategoryGap: '4%' };
  };
  const label = (bin) => `${num(edges.min + bin * edges.step, 6)} – ${num(edges.min + (bin + 1) * edges.step, 6)}`;
  figure(parent, { title: 'Distribution', note: [width ? kpi.unit : '', split ? `by ${split.name}` : ''].filter(Boolean).join(', '), height: width ? 128 : 210, width, alt: `Histogram of ${kpi.label}`, option: (room) => ({
    grid: { left: width ? 40 : 62, right: 20, top: width ? 26 : 44, bottom: width ? 24 : 46 }, legend: legend({ show: Boolean(split) && !width, type: 'scroll' }), tooltip: tooltip('runs'),
    xAxis: [caseAxis(Array.from({ length: edges.count }, (_, bin) => label(bin)), { show: false }),
      bottomAxis({ name: width ? '' : kpi.name, position: 'bottom', min: edges.min, max: edges.max, interval: edges.step * Math.ceil(edges.count / Math.max(2, Math.floor(room / 95))), axisTick: { show: true }, axisPointer: { show: false } })],
    yAxis: valueAxis('runs', { minInterval: 1, ...(width ? { splitNumber: 3, nameGap: 9 } : {}), nameTextStyle: { align: 'left', padding: [0, 0, 0, -20], color: COLOR.quiet } }),
    series: [...groups.map(([name, list], at) => bar(name, list, split ? CASES[at] : '#6FA8CC')), { type: 'line', xAxisIndex: 1, data: [], silent: true, tooltip: { show: false } }] }) });
}

/** Means, P10 and P90 of runs by the value of an axis, or by tenths of the runs. */
function bands(points) {
  const values = levels(points.map(([x]) => x));
  const sorted = [...points].sort((a, b) => a[0] - b[0]);
  const parts = values.length <= LEVELS ? values.map((value) => sorted.filter(([x]) => x === value))
    : Array.from({ length: 10 }, (_, tenth) => sorted.slice(Math.round(tenth * sorted.length / 10), Math.round((tenth + 1) * sorted.length / 10))).filter((part) => part.length);
  return parts.map((part) => { const ys = part.map(([, y]) => y).sort((a, b) => a - b); return [mean(part.map(([x]) => x)), mean(ys), quantile(ys, 0.1), quantile(ys, 0.9)]; });
}

/** A filled band between two lines. */
function band(points) {
  const outline = [...points.map(([x, , low]) => [x, low]), ...[...points].reverse().map(([x, , , high]) => [x, high])];
  return { type: 'custom', silent: true, z: 1, data: [[points[0][0], points[0][1]]], clip: true, tooltip: { show: false },
    renderItem: (_, api) => ({ type: 'polygon', shape: { points: outline.map((point) => api.coord(point)) }, style: { fill: COLOR.accent, opacity: 0.14 } }) };
}

function responseTo(parent, axis, kpi, width) {
  const points = pairs(axis.values, kpi.values);
  if (!points.length) return;
  const parts = bands(points);
  // Of a great many runs some are drawn.
  const every = Math.ceil(points.length / 1500);
  figure(parent, { title: axis.name, note: axis.unit, height: width ? 128 : 235, width, alt: `${kpi.label} by ${axis.name}: runs, mean and P10 to P90`, option: {
    grid: { left: width ? 46 : 58, right: 14, top: width ? 26 : 30, bottom: width ? 24 : 46 }, tooltip: { ...tooltip(''), trigger: 'item', formatter: ({ value }) => safe(`${axis.name} ${num(value[0])} · ${num(value[1])} ${kpi.unit}`) },
    xAxis: variedAxis(axis, Boolean(width)), yAxis: valueAxis(kpi.unit, { ...tight, ...(width ? { splitNumber: 3, nameGap: 9 } : {}) }),
    series: [band(parts), { type: 'scatter', data: points.filter((_, at) => at % every === 0), symbolSize: 4.5, color: '#5B6672', itemStyle: { opacity: 0.45 }, z: 2 },
      line('mean', parts.map(([x, y]) => [x, y]), COLOR.accent, { z: 3, showSymbol: parts.length <= LEVELS, symbol: 'circle', symbolSize: 5 })] } });
}

function casesOf(parent, axis, kpi, width) {
  const lists = axis.cases.map((_, place) => kpi.values.filter((value, run) => value !== null && axis.values[run] === place).sort((a, b) => a - b));
  const boxes = lists.map((list) => (list.length ? [0.1, 0.25, 0.5, 0.75, 0.9].map((share) => quantile(list, share)) : []));
  // Dots lie beside one another by a rule, not by chance: the page is the same each time.
  const dots = lists.flatMap((list, place) => { const every = Math.ceil(list.length / 300); return list.filter((_, at) => at % every === 0).map((value, at) => [place + (((at * 0.618034) % 1) - 0.5) * 0.34, value]); });
  const last = axis.cases.length;
  figure(parent, { title: axis.name, note: 'P25–P75 and P10–P90', height: width ? 128 : 235, width, alt: `${kpi.label} by ${axis.name}: boxes`, option: (room) => ({
    grid: { left: width ? 46 : 58, right: 14, top: width ? 26 : 30, bottom: 10 + caseLabels(axis.cases, (room - 72) / last).height }, tooltip: { ...tooltip(kpi.unit), trigger: 'item' },
    xAxis: [caseAxis(axis.cases, { axisLabel: caseLabels(axis.cases, (room - 72) / last).axisLabel }), { type: 'value', min: -0.5, max: last - 0.5, show: false }], yAxis: valueAxis(kpi.unit, { ...tight, ...(width ? { splitNumber: 3, nameGap: 9 } : {}) }),
    series: [{ type: 'scatter', xAxisIndex: 1, data: dots, symbolSize: 4, color: '#5B6672', itemStyle: { opacity: 0.4 }, tooltip: { show: false } },
      { type: 'boxplot', data: boxes.map((box, at) => ({ value: box, itemStyle: { color: 'rgba(255,255,255,.55)', borderColor: CASES[at % CASES.length], borderWidth: 1.6 } })), boxWidth: [18, 46] }] }) });
}

function endsOf(parent, data, kpi, most) {
  const rows = (list, words) => list.slice(0, most).map(([point, value, count, axes]) => [`${words} · point ${point}`, num(value / kpi.by, 5), plain(count), ...axes.map((of) => (typeof of === 'number' ? num(of) : of ?? '–'))]);
  parent.append(table(`Points with the highest and the lowest ${kpi.label}, means over seeds`, ['point', kpi.unit || 'value', 'runs', ...data.axes.map(axisName)],
    [...rows(kpi.ends.highest, 'highest'), ...rows(kpi.ends.lowest, 'lowest')], [1, 2, ...data.axes.map((axis, at) => (axis.cases ? -1 : at + 3))]));
}

// Two axes -----------------------------------------------------------------------------------------------------------

/** Bins of an axis that has more values than levels. */
const BINS = 8;

/** The places an axis has in a heat map: its cases, its values, or bins of about equally many runs. */
function partition(axis) {
  if (axis.cases) return { labels: axis.cases, of: (place) => place };
  const values = levels(axis.values);
  if (values.length <= LEVELS) return { labels: values.map((value) => num(value)), of: (value) => values.indexOf(value) };
  const sorted = axis.values.filter((value) => value !== null).sort((a, b) => a - b);
  const edges = [...new Set(Array.from({ length: BINS + 1 }, (_, at) => quantile(sorted, at / BINS)))];
  const last = edges.length - 2;
  const labels = edges.slice(1).map((edge, at) => `${num(edges[at], 3)}–${num(edge, 3)}`);
  return { labels, of: (value) => { const above = edges.findIndex((edge, at) => at > 0 && value < edge); return above < 0 ? labels.length - 1 : above - 1; } };
}

/** The two axes a key figure answers to most, in the order of the axes. */
function strongestTwo(data, index) {
  const of = strengths(data, index);
  return [...of.keys()].sort((a, b) => of[b] - of[a]).slice(0, 2).sort((a, b) => a - b);
}

function interactions(page, data, state) {
  if (data.axes.length < 2) return;
  const made = section(page, 'Interactions', 'The mean of the key figure chosen above over two axes, over whatever the others were. An axis with more than a dozen values is cut into bins of about equally many runs.', true);
  const screen = el('div', { class: 'on-screen', id: 'interaction' });
  // The strongest two until somebody chooses.
  let chosen = null;
  const axes = data.axes.map((axis, at) => [at, axis.name]);
  const pick = (at) => (value) => {
    const next = pickers.map((picker) => Number(picker.select.value));
    // One axis against itself says nothing: the other takes the place that is free.
    if (next[0] === next[1]) { next[1 - at] = (chosen || strongestTwo(data, state.kpi))[at]; }
    next[at] = Number(value);
    chosen = next;
    draw();
  };
  const pickers = [choice('x axis', 'axis-x', axes, pick(0)), choice('y axis', 'axis-y', axes, pick(1))];
  const draw = () => {
    const both = chosen || strongestTwo(data, state.kpi);
    pickers.forEach((picker, at) => { picker.select.value = String(both[at]); });
    clearCharts(screen);
    surface(screen, data.axes[both[0]], data.axes[both[1]], scaledKpi(data, state.kpi));
  };
  made.append(el('div', { class: 'bar' }, pickers.map((picker) => picker.label)), screen);
  draw();
  state.changed = draw;
  forPaper(made, (paper) => {
    const pair = el('div', { class: 'pair' });
    paper.append(pair);
    data.main.forEach((index) => { const [x, y] = strongestTwo(data, index); surface(pair, data.axes[x], data.axes[y], scaledKpi(data, index), (PAPER_PX - 20) / 2); });
  });
}

/** Sums by the places of two axes, as [x, y, mean, runs]. */
function meansOver(x, y, xs, ys, values) {
  const sums = new Map();
  values.forEach((value, run) => {
    if (value === null || x.values[run] === null || y.values[run] === null) return;
    const place = [xs.of(x.values[run]), ys.of(y.values[run])], key = place.join(' ');
    const sum = sums.get(key) || { place, value: 0, count: 0 };
    sum.value += value;
    sum.count += 1;
    sums.set(key, sum);
  });
  return [...sums.values()].map(({ place, value, count }) => [...place, value / count, count]);
}

/** The scale of colours beside a chart. */
const colours = (dimension, low, high, unit, paper) => ({ type: 'continuous', dimension, min: low, max: high > low ? high : low + 1, right: 0, top: 20, itemHeight: paper ? 60 : 90, itemWidth: 12, text: [`${num(high)}${unit ? ` ${unit}` : ''}`, num(low)], textStyle: { fontSize: 10.5, color: COLOR.quiet }, inRange: { color: SCALE }, calculable: false });

/** Means over two axes. */
function surface(parent, x, y, kpi, paper) {
  const xs = partition(x), ys = partition(y), cells = meansOver(x, y, xs, ys, kpi.values);
  if (!cells.length) return;
  const values = cells.map((cell) => cell[2]), low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  const left = Math.min(170, 20 + 6.2 * Math.max(6, ...ys.labels.map((label) => label.length)));
  figure(parent, { title: kpi.label, note: `means over ${x.name} and ${y.name}`, height: 96 + Math.max(3, ys.labels.length) * (paper ? 20 : 34), width: paper, alt: `${kpi.label} over ${x.name} and ${y.name}: heat map of means`, option: (room) => {
    const each = (room - left - (paper ? 80 : 110)) / xs.labels.length, labels = caseLabels(xs.labels, each);
    return {
      grid: { left, right: paper ? 80 : 110, top: 26, bottom: 30 + labels.height }, tooltip: { ...tooltip(kpi.unit), trigger: 'item', formatter: ({ value }) => safe(`${x.name} ${xs.labels[value[0]]}, ${y.name} ${ys.labels[value[1]]}: ${num(value[2])} ${kpi.unit}, mean of ${counted(value[3], 'run')}`) },
      xAxis: caseAxis(xs.labels, { name: axisName(x), nameLocation: 'middle', nameGap: 12 + labels.height, splitLine: { show: false }, axisLabel: labels.axisLabel }),
      yAxis: caseAxis(ys.labels, { name: axisName(y), nameLocation: 'end', nameTextStyle: { ...AXIS.nameTextStyle, align: 'left', padding: [0, 0, 0, 12 - left] }, splitLine: { show: false }, axisLabel: { width: left - 14, overflow: 'truncate', interval: 0 } }),
      visualMap: colours(2, low, high, kpi.unit, paper),
      series: [{ type: 'heatmap', data: cells.map((value) => ({ value, label: { color: value[2] - low > 0.5 * (high - low) ? '#111' : '#fff' } })), itemStyle: { borderColor: '#fff', borderWidth: 1 }, label: { show: each > 32, formatter: ({ value }) => num(value[2], each < 50 ? 3 : 4), fontSize: each < 50 ? 9.5 : 10.5 } }] };
  } });
}

// Two key figures ----------------------------------------------------------------------------------------------------

/** Above this, two key figures tell the same story. */
const SAME_STORY = 0.99;

/** Pearson's correlation of two lists of values; 1 where one of them does not vary. */
function correlation(a, b) {
  const both = pairs(a, b), ma = mean(both.map(([x]) => x)), mb = mean(both.map(([, y]) => y));
  const [xy, xx, yy] = both.reduce(([p, q, r], [x, y]) => [p + (x - ma) * (y - mb), q + (x - ma) ** 2, r + (y - mb) ** 2], [0, 0, 0]);
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 1;
}

/** The first two key figures that do not say the same, those that matter most first. */
function telling(data, options) {
  const values = data.runs.values, first = options.slice(0, 12);
  for (let at = 0; at < first.length; at += 1) {
    const other = first.slice(at + 1).find((index) => Math.abs(correlation(values[first[at]], values[index])) <= SAME_STORY);
    if (other !== undefined) return [first[at], other];
  }
  return options;
}

function tradeOffs(page, data) {
  const options = varying(data);
  if (options.length < 2) return;
  const made = section(page, 'Trade-offs', 'Two key figures against each other; each dot is a run.', true);
  const [x, y] = telling(data, options);
  const chosen = { x, y, axis: strongest(data, x) };
  const words = () => `${data.kpis[chosen.y].label} against ${data.kpis[chosen.x].label}${data.axes.length ? `, coloured by ${axisName(data.axes[chosen.axis])}` : ''}`;
  let chart = null;
  const list = options.map((index) => [index, data.kpis[index].label + ' · ' + data.kpis[index].name]);
  const pick = (label, id, of, key) => choice(label, id, of, (value) => { chosen[key] = Number(value); chart.set(() => tradeOff(data, chosen), words()); }, chosen[key]).label;
  made.append(el('div', { class: 'bar' }, pick('x axis', 'trade-x', list, 'x'), pick('y axis', 'trade-y', list, 'y'), data.axes.length ? pick('Colour', 'colour', data.axes.map((axis, at) => [at, axis.name]), 'axis') : null));
  chart = figure(made, { title: words(), height: 400, paperHeight: 300, option: () => tradeOff(data, chosen) });
}

function tradeOff(data, chosen) {
  const x = scaledKpi(data, chosen.x), y = scaledKpi(data, chosen.y), axis = data.axes[chosen.axis];
  const points = pairs(x.values, y.values).map(([a, b, run]) => [a, b, axis ? axis.values[run] : null, run]);
  const every = Math.ceil(points.length / 3000), some = points.filter((_, at) => at % every === 0);
  const dot = { type: 'scatter', symbolSize: 6, itemStyle: { opacity: 0.75 } };
  const numbers = axis && !axis.cases ? levels(axis.values) : [];
  return { grid: { left: 66, right: numbers.length ? 110 : 20, top: 44, bottom: 48 }, legend: legend({ show: Boolean(axis && axis.cases), type: 'scroll' }),
    tooltip: { trigger: 'item', confine: true, formatter: ({ value }) => safe(`run ${data.runs.run[value[3]]}: ${num(value[0])} ${x.unit}, ${num(value[1])} ${y.unit}`) },
    xAxis: bottomAxis({ name: x.name, scale: true }), yAxis: valueAxis(y.name, tight),
    ...(numbers.length ? { visualMap: { ...colours(2, numbers[0], numbers[numbers.length - 1], axis.unit), top: 40 } } : {}),
    series: axis && axis.cases ? axis.cases.map((name, place) => ({ ...dot, name, color: CASES[place % CASES.length], data: some.filter((point) => point[2] === place) })) : [{ ...dot, color: COLOR.accent, data: some }] };
}

/** The axis a key figure answers to most. */
function strongest(data, index) {
  const sizes = strengths(data, index);
  return Math.max(0, sizes.indexOf(Math.max(...sizes)));
}
