
// The page of a sweep.

/** Values up to which an axis counts as having levels; more are put into bins. */
const LEVELS = 12;

function sweepPage(page, data) {
  const state = { kpi: data.main[0] ?? data.kpis.findIndex((kpi) => kpi.varies) };
  sweepHead(page, data);
  if (state.kpi >= 0) {
    figureByFigure(page, data, state);
    tradeOffs(page, data);
    sensitivities(page, data);
    noiseOf(page, data);
  } else {
    section(page, 'Key figures', null, true).append(el('p', {}, data.runs.point.length ? 'No key figure differs between the runs that are complete.' : 'No run is complete: there is nothing to draw.'));
  }
  runsOf(page, data);
  baseOf(page, data);
}

function sweepHead(page, { head, axes }) {
  const counts = [['Points', head.points], ['Seeds', head.seeds.length], ['Runs complete', head.complete, `of ${plain(head.runs)}`],
    ['Failed', head.failed], ['Missing', head.missing], ['Time of all runs', head.wall_s === null ? null : span(head.wall_s)]];
  page.append(el('p', { class: 'kicker' }, 'Cariflex twin · sweep'), el('h1', {}, head.name));
  if (head.about) page.append(el('p', { class: 'about' }, head.about));
  const bad = [head.failed ? `${plain(head.failed)} failed` : null, head.missing ? `${plain(head.missing)} have not ended` : null].filter(Boolean);
  if (bad.length) page.append(el('p', { class: 'warning' }, `Of ${plain(head.runs)} runs, ${bad.join(' and ')}. Figures are of the ${plain(head.complete)} that are complete.`));
  page.append(el('ul', { class: 'large', style: '--columns: 6' }, counts.filter(([, value]) => value !== null).map(([label, value, note]) => el('li', {}, el('div', { class: 'label' }, label), el('div', { class: 'value' }, typeof value === 'number' ? plain(value) : value, note ? el('small', {}, ` ${note}`) : null)))));
  page.append(facts([['Method', { grid: 'grid', lhs: 'Latin hypercube', sobol: 'Sobol sequence', list: 'list of points' }[head.method] || head.method], ['Base', head.base], ['Recorded', head.record],
    ['Seeds', head.seeds.join(', ')], ['Engine', el('code', {}, head.engine)]]));
  if (head.drawn < head.complete) page.append(el('p', { class: 'quiet' }, `Charts draw ${plain(head.drawn)} runs, evenly chosen, so that this page stays small; numbers in tables are of all of them.`));
  const values = (axis) => {
    if (axis.cases) return axis.cases.join(', ');
    const of = levels(axis.values);
    return of.length <= LEVELS ? of.map((v) => num(v, 6)).join(', ') : `${num(of[0])} to ${num(of[of.length - 1])}, ${plain(of.length)} values`;
  };
  if (axes.length) page.append(table('What varies', ['axis', 'sets', 'unit', 'values of the complete runs', 'meaning'], axes.map((axis) => [axis.name, el('code', {}, axis.keys), axis.unit || '–', values(axis), axis.description]), [], { 4: 'meaning' }));
}

const axisName = (axis) => (axis.unit ? `${axis.name} (${axis.unit})` : axis.name);

/** A key figure, in a unit that reads well. */
function scaledKpi(data, index) {
  const kpi = data.kpis[index];
  const { unit, by } = unitFor(Math.max(Math.abs(kpi.min), Math.abs(kpi.max)), kpi.unit);
  return { ...kpi, unit, by, values: data.runs.values[index].map((value) => (value === null ? null : value / by)), name: unit ? `${kpi.label} (${unit})` : kpi.label };
}

/** Runs that have both, as [x, y, run]. */
const pairs = (x, y) => x.map((value, run) => [value, y[run], run]).filter(([a, b]) => a !== null && b !== null);

// One key figure -----------------------------------------------------------------------------------------------------

function figureByFigure(page, data, state) {
  const made = section(page, 'A key figure', 'How it is spread over all runs, and how it answers to each axis. Dots are runs, the line is their mean, the band holds the middle 80 %; where an axis has more than a dozen values, it is cut into ten parts of equally many runs.');
  const options = [...data.main, ...data.kpis.keys()].filter((index, at, all) => all.indexOf(index) === at && data.kpis[index].varies);
  const screen = el('div', { class: 'on-screen', id: 'figures' });
  const show = (index) => {
    state.kpi = index;
    for (let at = charts.length - 1; at >= 0; at -= 1) if (screen.contains(charts[at].box)) { charts[at].drawn.dispose(); charts.splice(at, 1); }
    screen.replaceChildren();
    kpiFigures(screen, data, index);
  };
  const picker = choice('Key figure', 'kpi', options.map((index) => [index, `${data.kpis[index].label} · ${data.kpis[index].name}`]), (value) => show(Number(value)), state.kpi);
  made.append(el('div', { class: 'bar' }, picker.label), screen);
  show(state.kpi);
  // On paper nobody can choose: there the main figures follow one another.
  const paper = el('div', { class: 'on-paper' });
  made.append(paper);
  let printed = false;
  window.addEventListener('beforeprint', () => {
    if (printed) return;
    printed = true;
    data.main.forEach((index, at) => { const box = el('div', at ? { style: 'break-before: page' } : {}); paper.append(box); kpiFigures(box, data, index, PAPER_PX); });
  });
}

function kpiFigures(parent, data, index, paper) {
  const kpi = scaledKpi(data, index);
  const show = (value) => num(value === null ? null : value / kpi.by, 5);
  parent.append(el('h3', {}, kpi.label), el('p', { class: 'quiet' }, kpi.description ? prose(`${kpi.description}. `) : '', `Mean ${show(kpi.mean)} ${kpi.unit}, median ${show(kpi.median)}, middle 80 % from ${show(kpi.q10)} to ${show(kpi.q90)}, extremes ${show(kpi.min)} and ${show(kpi.max)}, over ${plain(kpi.count)} runs.`));
  distribution(parent, data, kpi, paper);
  const columns = paper && data.axes.length > 2 ? 3 : 2;
  const pair = el('div', { class: columns === 3 ? 'triple' : 'pair' });
  parent.append(pair);
  const width = paper ? (paper - 16 * columns) / columns : undefined;
  data.axes.forEach((axis) => (axis.cases ? casesOf : responseTo)(pair, axis, kpi, width));
  const grid = data.axes.filter((axis) => !axis.cases && levels(axis.values).length <= LEVELS && levels(axis.values).length > 1);
  if (grid.length >= 2) surface(parent, grid[0], grid[1], kpi, paper);
  endsOf(parent, data, kpi);
}

const levels = (values) => [...new Set(values.filter((value) => value !== null))].sort((a, b) => a - b);

function distribution(parent, data, kpi, paper) {
  const known = kpi.values.filter((value) => value !== null);
  const low = Math.min(...known), high = Math.max(...known);
  const count = Math.max(5, Math.min(30, Math.ceil(Math.sqrt(known.length) * 1.2)));
  const width = (high - low) / count || 1;
  const binOf = (value) => Math.min(count - 1, Math.floor((value - low) / width));
  // By the axis of cases that it follows most.
  const split = data.axes.map((axis, at) => [axis, kpi.follows[at] || 0]).filter(([axis]) => axis.cases && axis.cases.length <= CASES.length).sort((a, b) => b[1] - a[1]).map(([axis]) => axis)[0];
  const groups = split ? split.cases.map((name, place) => [name, kpi.values.filter((value, run) => value !== null && split.values[run] === place)]) : [['runs', known]];
  const bar = (name, list, color) => {
    const bins = Array.from({ length: count }, () => 0);
    list.forEach((value) => { bins[binOf(value)] += 1; });
    return { name, type: 'bar', stack: 'all', data: bins, color, barCategoryGap: '6%' };
  };
  figure(parent, { title: 'Distribution', note: split ? `by ${split.name}` : null, height: paper ? 150 : 210, width: paper, alt: `Histogram of ${kpi.label}`, option: {
    grid: { left: 62, right: 20, top: 44, bottom: 46 }, legend: legend({ show: Boolean(split) }), tooltip: tooltip('runs'),
    xAxis: caseAxis(Array.from({ length: count }, (_, bin) => num(low + (bin + 0.5) * width, 4)), { name: kpi.name, nameLocation: 'middle', nameGap: 26 }), yAxis: valueAxis('runs', { minInterval: 1 }),
    series: groups.map(([name, list], at) => bar(name, list, split ? CASES[at] : '#6FA8CC')) } });
}

/** Means and deciles of runs by the value of an axis, or by tenths of the runs. */
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

const span01 = (list) => { const low = Math.min(...list), high = Math.max(...list), pad = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1; return { min: low - pad, max: high + pad }; };
/** An axis from about the least to about the largest value, with round numbers. */
const tight = { scale: true };

function responseTo(parent, axis, kpi, width) {
  const points = pairs(axis.values, kpi.values);
  const parts = bands(points);
  const room = span01(points.map(([x]) => x));
  // Of a great many runs some are drawn.
  const every = Math.ceil(points.length / 1500);
  const interval = levels(axis.values);
  figure(parent, { title: axis.name, note: axis.unit, height: width ? 190 : 235, width, alt: `${kpi.label} by ${axis.name}: runs, mean and middle 80 percent`, option: {
    grid: { left: 58, right: 14, top: 30, bottom: 46 }, tooltip: { ...tooltip(''), trigger: 'item', formatter: ({ value }) => safe(`${axis.name} ${num(value[0])} · ${num(value[1])} ${kpi.unit}`) },
    xAxis: bottomAxis({ name: axisName(axis), ...room, axisLabel: { showMinLabel: false, showMaxLabel: false }, ...(interval.length <= 2 ? { splitNumber: 3 } : {}) }), yAxis: valueAxis(kpi.unit, tight),
    series: [band(parts), { type: 'scatter', data: points.filter((_, at) => at % every === 0), symbolSize: 4.5, color: '#5B6672', itemStyle: { opacity: 0.45 }, z: 2 },
      line('mean', parts.map(([x, y]) => [x, y]), COLOR.accent, { z: 3, showSymbol: parts.length <= LEVELS, symbol: 'circle', symbolSize: 5 })] } });
}

function casesOf(parent, axis, kpi, width) {
  const lists = axis.cases.map((_, place) => kpi.values.filter((value, run) => value !== null && axis.values[run] === place).sort((a, b) => a - b));
  const boxes = lists.map((list) => (list.length ? [0.1, 0.25, 0.5, 0.75, 0.9].map((share) => quantile(list, share)) : []));
  // Dots lie beside one another by a rule, not by chance: the page is the same each time.
  const dots = lists.flatMap((list, place) => { const every = Math.ceil(list.length / 300); return list.filter((_, at) => at % every === 0).map((value, at) => [place + (((at * 0.618034) % 1) - 0.5) * 0.34, value]); });
  const last = axis.cases.length;
  figure(parent, { title: axis.name, note: 'middle half and middle 80 %', height: width ? 190 : 235, width, alt: `${kpi.label} by ${axis.name}: boxes`, option: (room) => ({
    grid: { left: 58, right: 14, top: 30, bottom: 46 }, tooltip: { ...tooltip(kpi.unit), trigger: 'item' },
    xAxis: [caseAxis(axis.cases, { axisLabel: { interval: 0, hideOverlap: false, width: (room - 80) / last, overflow: 'truncate', fontSize: room < 300 ? 9.5 : 11 } }), { type: 'value', min: -0.5, max: last - 0.5, show: false }], yAxis: valueAxis(kpi.unit, tight),
    series: [{ type: 'scatter', xAxisIndex: 1, data: dots, symbolSize: 4, color: '#5B6672', itemStyle: { opacity: 0.4 }, tooltip: { show: false } },
      { type: 'boxplot', data: boxes.map((box, at) => ({ value: box, itemStyle: { color: 'rgba(255,255,255,.55)', borderColor: CASES[at % CASES.length], borderWidth: 1.6 } })), boxWidth: [18, 46] }] }) });
}

/** Means over two axes with few values each. */
function surface(parent, x, y, kpi, paper) {
  const xs = levels(x.values), ys = levels(y.values);
  const sums = new Map();
  kpi.values.forEach((value, run) => {
    if (value === null || x.values[run] === null || y.values[run] === null) return;
    const key = `${xs.indexOf(x.values[run])} ${ys.indexOf(y.values[run])}`;
    sums.set(key, [...(sums.get(key) || []), value]);
  });
  const cells = [...sums].map(([key, list]) => [...key.split(' ').map(Number), mean(list)]);
  const values = cells.map(([, , value]) => value);
  figure(parent, { title: `${kpi.label} over ${x.name} and ${y.name}`, note: 'means of all runs', height: 90 + Math.max(3, ys.length) * (paper ? 22 : 34), width: paper, option: {
    grid: { left: 62, right: 110, top: 26, bottom: 46 }, tooltip: { ...tooltip(kpi.unit), trigger: 'item', formatter: ({ value }) => safe(`${x.name} ${num(xs[value[0]])}, ${y.name} ${num(ys[value[1]])}: ${num(value[2])} ${kpi.unit}`) },
    xAxis: caseAxis(xs.map((v) => num(v)), { name: axisName(x), nameLocation: 'middle', nameGap: 26, splitLine: { show: false } }), yAxis: caseAxis(ys.map((v) => num(v)), { name: axisName(y), nameLocation: 'end', nameTextStyle: { ...AXIS.nameTextStyle, align: 'left', padding: [0, 0, 0, -46] }, splitLine: { show: false } }),
    visualMap: { type: 'continuous', min: Math.min(...values), max: Math.max(...values), dimension: 2, right: 0, top: 20, itemHeight: 90, itemWidth: 12, text: [`${num(Math.max(...values))} ${kpi.unit}`, num(Math.min(...values))], textStyle: { fontSize: 10.5, color: COLOR.quiet }, inRange: { color: SCALE }, calculable: false },
    series: [{ type: 'heatmap', data: cells.map((value) => ({ value, label: { color: value[2] - Math.min(...values) > 0.5 * (Math.max(...values) - Math.min(...values)) ? '#111' : '#fff' } })), itemStyle: { borderColor: '#fff', borderWidth: 1 }, label: { show: xs.length <= 12, formatter: ({ value }) => num(value[2], 4), fontSize: 10.5 } }] } });
}

function endsOf(parent, data, kpi) {
  const rows = (list, words) => list.map(([point, value, count, axes]) => [`${words} · point ${point}`, num(value / kpi.by, 5), plain(count), ...axes.map((of) => (typeof of === 'number' ? num(of) : of ?? '–'))]);
  parent.append(table(`Points with the highest and the lowest ${kpi.label}, means over seeds`, ['point', kpi.unit || 'value', 'runs', ...data.axes.map(axisName)],
    [...rows(kpi.ends.highest, 'highest'), ...rows(kpi.ends.lowest, 'lowest')], [1, 2, ...data.axes.map((axis, at) => (axis.cases ? -1 : at + 3))]));
}

// Two key figures ----------------------------------------------------------------------------------------------------

function tradeOffs(page, data) {
  const options = [...data.main, ...data.kpis.keys()].filter((index, at, all) => all.indexOf(index) === at && data.kpis[index].varies);
  if (options.length < 2) return;
  const made = section(page, 'Trade-offs', 'Two key figures against each other; each dot is a run.');
  const chosen = { x: options[0], y: options[1], axis: strongest(data, options[0]) };
  const option = () => {
    const x = scaledKpi(data, chosen.x), y = scaledKpi(data, chosen.y), axis = data.axes[chosen.axis];
    const points = pairs(x.values, y.values).map(([a, b, run]) => [a, b, axis ? axis.values[run] : null, run]);
    const every = Math.ceil(points.length / 3000), some = points.filter((_, at) => at % every === 0);
    const dot = { type: 'scatter', symbolSize: 6, itemStyle: { opacity: 0.75 } };
    const numbers = axis && !axis.cases ? levels(axis.values) : [];
    return { grid: { left: 66, right: axis && !axis.cases ? 110 : 20, top: 44, bottom: 48 }, legend: legend({ show: Boolean(axis && axis.cases) }),
      tooltip: { trigger: 'item', confine: true, formatter: ({ value }) => safe(`run ${data.runs.run[value[3]]}: ${num(value[0])} ${x.unit}, ${num(value[1])} ${y.unit}`) },
      xAxis: bottomAxis({ name: x.name, scale: true }), yAxis: valueAxis(y.name, tight),
      ...(axis && !axis.cases ? { visualMap: { type: 'continuous', dimension: 2, min: numbers[0], max: numbers[numbers.length - 1], right: 0, top: 40, itemHeight: 120, itemWidth: 12, text: [num(numbers[numbers.length - 1]), num(numbers[0])], textStyle: { fontSize: 10.5, color: COLOR.quiet }, inRange: { color: SCALE }, calculable: false } } : {}),
      series: axis && axis.cases ? axis.cases.map((name, place) => ({ ...dot, name, color: CASES[place % CASES.length], data: some.filter((point) => point[2] === place) })) : [{ ...dot, color: COLOR.accent, data: some }] };
  };
  const words = () => `${data.kpis[chosen.y].label} against ${data.kpis[chosen.x].label}${data.axes.length ? `, coloured by ${axisName(data.axes[chosen.axis])}` : ''}`;
  let chart = null;
  const list = options.map((index) => [index, data.kpis[index].label + ' · ' + data.kpis[index].name]);
  const pick = (label, id, of, key) => choice(label, id, of, (value) => { chosen[key] = Number(value); chart.set(option(), words()); }, chosen[key]).label;
  made.append(el('div', { class: 'bar' }, pick('Across', 'across', list, 'x'), pick('Up', 'up', list, 'y'), data.axes.length ? pick('Colour', 'colour', data.axes.map((axis, at) => [at, axis.name]), 'axis') : null));
  chart = figure(made, { title: words(), height: 400, option: option() });
}

/** The axis a key figure follows most. */
function strongest(data, index) {
  const sizes = data.kpis[index].follows.map((value) => Math.abs(value || 0));
  return Math.max(0, sizes.indexOf(Math.max(...sizes)));
}

// What follows what --------------------------------------------------------------------------------------------------

/** Blue for falling, orange for rising, white for nothing; light enough for dark text. */
function tint(share, isSigned) {
  const strength = Math.min(1, Math.abs(share)) * 0.75;
  const [r, g, b] = isSigned ? (share < 0 ? [0, 114, 178] : [213, 94, 0]) : [0, 158, 115];
  return `background: rgba(${r},${g},${b},${strength.toFixed(3)})`;
}

function sensitivities(page, data) {
  if (!data.axes.length) return;
  const made = section(page, 'What follows what', 'For an axis of numbers: Spearman’s rank correlation of axis and key figure over all complete runs, from −1 (falls whenever the axis rises) through 0 to +1; an effect that turns around can hide in a small number, so look at the charts too. For an axis of cases: η², the share of the key figure’s variance that lies between cases, from 0 to 1. Axes that were varied together share their effects.');
  const shown = [...data.main, ...data.kpis.keys()].filter((index, at, all) => all.indexOf(index) === at && data.kpis[index].varies);
  const cell = (value, axis) => el('td', value === null ? {} : { style: tint(value, !axis.cases) }, value === null ? '–' : plain(value, 2));
  made.append(el('div', { class: 'wide' }, el('table', { class: 'matrix', id: 'matrix' },
    el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'key figure'), data.axes.map((axis) => el('th', { scope: 'col' }, axis.name, el('br'), el('small', {}, axis.cases ? 'η²' : 'rank corr.'))))),
    el('tbody', {}, shown.map((index) => el('tr', {}, el('th', { scope: 'row' }, data.kpis[index].label), data.kpis[index].follows.map((value, at) => cell(value, data.axes[at]))))))));
  const still = data.kpis.filter((kpi) => !kpi.varies).map((kpi) => kpi.label);
  if (still.length) made.append(el('p', { class: 'quiet' }, `The same in every run: ${still.join(', ')}.`));
}

function noiseOf(page, data) {
  const made = section(page, 'Chance', 'Runs of one point differ by their seed alone. Where the standard deviation between seeds comes near to that between points, an effect may be chance: take more seeds. That between points is what remains when the part that seeds explain is taken away.', data.kpis.length < 20 || data.kpis.every((kpi) => !kpi.noise));
  const rows = [...data.main, ...data.kpis.keys()].filter((index, at, all) => all.indexOf(index) === at && data.kpis[index].varies && data.kpis[index].noise).map((index) => {
    const kpi = data.kpis[index], { unit, by } = unitFor(Math.max(Math.abs(kpi.min), Math.abs(kpi.max)), kpi.unit);
    const { seeds, points } = kpi.noise, share = seeds * seeds / (seeds * seeds + points * points || 1);
    const bar = el('td', {}, el('span', { class: 'share', style: `width:${(share * 90).toFixed(0)}px` }), `${plain(share * 100, 0)} %`);
    return [kpi.label, num(kpi.mean / by), num(seeds / by, 3), num(points / by, 3), unit, bar];
  });
  if (!rows.length) made.append(el('p', {}, 'Each point was run with one seed: chance can not be told from effect. Give the sweep more seeds (replicates) to know.'));
  else made.append(table(null, ['key figure', 'mean', 'between seeds', 'between points', 'unit', 'share of variance by seeds'], rows, [1, 2, 3]));
}

// Lists --------------------------------------------------------------------------------------------------------------

function runsOf(page, data) {
  if (!data.failed.length && !data.slowest.length) return;
  const made = section(page, 'Runs', null, true);
  if (data.failed.length) {
    made.append(table(`Runs that failed${data.failed.length < data.head.failed ? `, ${data.failed.length} of ${plain(data.head.failed)}` : ''}`, ['run', 'point', 'seed', 'error'], data.failed.map(([run, point, seed, error]) => [el('code', {}, run), String(point), seed, error]), [1, 2], { 3: 'error' }));
  }
  if (data.slowest.length) made.append(table('Slowest runs', ['run', 'point', 'seed', 'seconds'], data.slowest.map(([run, point, seed, wall]) => [el('code', {}, run), String(point), seed, plain(wall, 2)]), [1, 2, 3]));
}

function baseOf(page, data) {
  const scalars = Object.entries(data.scenario || {}).filter(([, value]) => value === null || typeof value !== 'object');
  parameters(page, data.scenario, data.inputs, true);
  if (scalars.length) page.lastChild.insertBefore(facts(scalars.map(([key, value]) => [key, said(value)])), page.lastChild.children[2] || null);
}
