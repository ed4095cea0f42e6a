'use strict';
// What the pages of runs and sweeps have in common: elements, numbers, colours, charts, paper.

// Okabe and Ito's palette, told apart by all common kinds of colour vision, with greys. One colour per kind, everywhere.
const COLOR = {
  pv: '#E69F00', battery: '#009E73', ev: '#CC79A7',
  commune: '#A3ABB5', household: '#56B4E9', commercial: '#0072B2', load: '#6C757D',
  net: '#1F2630', accent: '#0072B2', alarm: '#D55E00', quiet: '#5B6672', line: '#D9DEE4',
};
const SOURCES = {
  biomass: ['Biomass', '#8A8B3C'], wind: ['Wind', '#A9D8F5'], pv: ['PV of the island', '#F3DC6B'],
  engines: ['Diesel engines', '#9A6B4F'], turbines: ['Turbines', '#D55E00'],
  unserved: ['Not served', '#B23C00'], surplus: ['Surplus', '#C9B8E0'],
};
const CASES = ['#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#6C757D', '#1F2630'];
// Cividis, even in lightness, without its lightest part: a dot of it would vanish on white.
const SCALE = ['#00224E', '#1F3A6D', '#434E6C', '#666970', '#878478', '#AA9F6E', '#CDB84F'];
const PAPER_PX = 700;

/** An element with attributes and children; strings become text, never markup. */
function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === 'on') Object.entries(value).forEach(([event, does]) => element.addEventListener(event, does));
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Text in which what stands between backticks is code. */
const prose = (text) => text.split('`').map((part, at) => (at % 2 ? el('code', {}, part) : part));

/** Text for tooltips, which the library takes for HTML. */
const safe = (text) => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** A number with its thousands apart, to so many significant digits, but never without digits before the point. */
function num(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0'; // Without the sign of a zero that was turned around.
  const whole = Math.abs(value) >= 1 ? Math.floor(Math.log10(Math.abs(value))) + 1 : 0;
  const options = whole >= digits ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: digits };
  return value.toLocaleString('en-GB', options).replace('-', '−');
}

/** A key figure as it stands in a table: at most three decimals. */
function plain(value, decimals = 3) {
  if (value === null || value === undefined) return '–';
  return value.toLocaleString('en-GB', { maximumFractionDigits: decimals }).replace('-', '−');
}

/** A number to just so many decimals, for columns. */
function fixed(value, decimals) {
  if (value === null || value === undefined) return '–';
  const shown = Math.abs(value) < 0.5 * 10 ** -decimals ? 0 : value;
  return shown.toLocaleString('en-GB', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace('-', '−');
}
/** Money, to the cent. */
const euro = (value) => fixed(value, 2);

/** A part in percent of a whole; none of nothing. */
const percentOf = (part, whole) => (whole ? `${num(100 * part / whole, 3)} %` : '–');

const PREFIXES = {
  kW: [['GW', 1e6], ['MW', 1e3]], kWh: [['GWh', 1e6], ['MWh', 1e3]], kg: [['kt', 1e6], ['t', 1e3]],
  EUR: [['M€', 1e6], ['k€', 1e3], ['€', 1]], share: [['%', 0.01]], count: [['', 1]],
};
/** The unit in which a magnitude reads well, and what values are divided by for it. */
function unitFor(largest, unit) {
  const found = (PREFIXES[unit] || []).find(([, by]) => by <= 1 || Math.abs(largest) >= 10 * by);
  return found ? { unit: found[0], by: found[1] } : { unit, by: 1 };
}
const largest = (...lists) => Math.max(0, ...lists.map((list) => (list || []).reduce((most, v) => Math.max(most, Math.abs(v || 0)), 0)));
const total = (list) => list.reduce((sum, value) => sum + (value || 0), 0);
const mean = (list) => { const known = list.filter((v) => v !== null && v !== undefined); return known.length ? total(known) / known.length : null; };
/** Linear between neighbours of a sorted list. */
function quantile(sorted, share) {
  const at = share * (sorted.length - 1), low = Math.floor(at);
  return sorted.length ? sorted[low] + ((sorted[low + 1] ?? sorted[low]) - sorted[low]) * (at - low) : null;
}
const two = (number) => String(number).padStart(2, '0');
const clock = (hours) => `${two(Math.floor(hours + 1e-9))}:${two(Math.round((hours - Math.floor(hours + 1e-9)) * 60))}`;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
/** A local date; `ms` is what a local clock shows, counted as if it were UTC. */
function dateOf(ms) {
  const date = new Date(ms);
  return `${WEEKDAYS[date.getUTCDay()]} ${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}
/** Hours of a day as a clock shows them, for tooltips. */
const clockOf = (hours) => clock(Math.round(hours * 60) / 60);
const counted = (count, word) => `${plain(count)} ${word}${count === 1 ? '' : 's'}`;
const instant = (ms) => new Date(ms).toISOString().replace(/:\d\d\.\d+Z/, ' UTC').replace('T', ' ');
function span(seconds) {
  const [unit, by] = seconds >= 86400 * 2 ? ['days', 86400] : seconds >= 7200 ? ['hours', 3600] : seconds >= 120 ? ['minutes', 60] : ['s', 1];
  return `${num(seconds / by, 3)} ${unit}`;
}

// Charts -------------------------------------------------------------------------------------------------------------

const charts = [];
const AXIS = {
  nameTextStyle: { color: COLOR.quiet, fontSize: 11 }, axisLabel: { color: COLOR.quiet, fontSize: 11 },
  axisLine: { lineStyle: { color: '#B9C1CA' } }, splitLine: { lineStyle: { color: '#ECEFF2' } }, axisTick: { show: false },
};
/** A value axis; its name stands above it, and numbers have their thousands apart. */
const valueAxis = (name, more) => ({ type: 'value', name, nameLocation: 'end', ...AXIS, axisLine: { show: false, onZero: false },
  nameTextStyle: { ...AXIS.nameTextStyle, align: 'left', padding: [0, 0, 0, -46] }, ...more,
  axisLabel: { ...AXIS.axisLabel, formatter: (value) => num(value, 5), hideOverlap: true, ...(more || {}).axisLabel } });
const bottomAxis = (more) => ({ type: 'value', ...AXIS, splitLine: { show: false }, nameLocation: 'middle', nameGap: 26, ...more,
  axisLabel: { ...AXIS.axisLabel, formatter: (value) => num(value, 5), hideOverlap: true, ...(more || {}).axisLabel } });
const hourAxis = (more) => bottomAxis({ min: 0, max: 24, interval: 3, ...more, axisLabel: { formatter: (h) => `${two(h)}:00`, ...(more || {}).axisLabel } });
const caseAxis = (data, more) => ({ type: 'category', data, ...AXIS, ...more, axisLabel: { ...AXIS.axisLabel, hideOverlap: true, ...(more || {}).axisLabel } });
const legend = (more) => ({ type: 'plain', top: 0, right: 0, left: 130, icon: 'roundRect', itemWidth: 14, itemHeight: 8, itemGap: 12,
  textStyle: { fontSize: 11.5, color: COLOR.net }, ...more });
/** Pixels above a chart for a legend of these names that begins at the left of the chart, and the name of the axis under it. */
function topFor(names, room) {
  let rows = 1, at = 0;
  for (const name of names) { const each = 30 + 6.6 * name.length; if (at + each > room - 62) { rows += 1; at = 0; } at += each; }
  return 30 + 19 * rows;
}
const tooltip = (unit, more) => ({ trigger: 'axis', confine: true, textStyle: { fontSize: 12 }, transitionDuration: 0,
  valueFormatter: (value) => `${num(Array.isArray(value) ? value[value.length - 1] : value)} ${unit}`, ...more });

/** A tooltip over hours: a clock, after what `day` says of the hours since the first day began. */
function dayTooltip(unit, day) {
  const value = ({ value: of }) => `${num(Array.isArray(of) ? of[of.length - 1] : of)}${unit ? ` ${unit}` : ''}`;
  const row = (one) => `${one.marker}${safe(one.seriesName)} <b style="float:right;margin-left:14px">${safe(value(one))}</b>`;
  const formatter = (list) => {
    const hour = list[0].axisValue;
    return [safe(day ? `${day(hour) ?? ''} ${clockOf(hour % 24)}` : hour > 24 ? `day ${Math.floor(hour / 24) + 1}, ${clockOf(hour % 24)}` : clockOf(hour)), ...list.map(row)].join('<br>');
  };
  return { ...tooltip(unit), formatter, axisPointer: { label: { formatter: ({ value: hour }) => clockOf(hour % 24) } } };
}

/** A figure with a caption and a chart; `option` is what the library is told, or a function of the width, and so is `height`. */
function figure(parent, { title, note, height, paperHeight, alt, option, width, group }) {
  const high = (room) => (typeof height === 'function' ? height(room) : height);
  const box = el('div', { class: 'chart' });
  const caption = el('figcaption', {}, title, note ? el('span', { class: 'note' }, note) : null);
  parent.append(el('figure', {}, caption, box));
  // What is not laid out yet, because it is for paper, has the width of the paper.
  const room = width || box.clientWidth || PAPER_PX;
  box.style.height = `${high(room)}px`;
  const drawn = echarts.init(box, null, { renderer: 'svg', height: high(room), width: room });
  if (group) drawn.group = group;
  const chart = { box, drawn, height: high, paperHeight: paperHeight || high(PAPER_PX), fixed: width, option };
  chart.set = (next, words) => {
    chart.option = next;
    if (words) caption.firstChild.textContent = words;
    const plainOption = typeof next === 'function' ? next(drawn.getWidth()) : next;
    drawn.setOption({ animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily }, aria: { enabled: true, label: { description: alt || `Chart: ${words || title}` } }, ...plainOption }, true);
    box.setAttribute('role', 'img');
    drawn.getZr().flush();
  };
  chart.set(option);
  charts.push(chart);
  return chart;
}

function fit(chart, width, height) {
  if (chart.fixed || !width || (Math.abs(chart.drawn.getWidth() - width) < 1 && chart.drawn.getHeight() === height)) return;
  chart.box.style.height = `${height}px`;
  chart.drawn.resize({ width, height });
  if (typeof chart.option === 'function') chart.set(chart.option);
  chart.drawn.getZr().flush();
}

/** A line over points, or the area under it as a part of a stack. */
function area(name, data, color, stack) {
  return { name, type: 'line', data, color, symbol: 'none', stack, stackStrategy: 'samesign', areaStyle: { opacity: .88 }, lineStyle: { width: .4, color: '#fff' } };
}
const line = (name, data, color, more) => ({ name, type: 'line', data, color, symbol: 'none', lineStyle: { width: 1.8, ...(more || {}).lineStyle }, ...more, ...(more && more.lineStyle ? { lineStyle: { width: 1.8, ...more.lineStyle } } : {}) });

// Pages --------------------------------------------------------------------------------------------------------------

/** A section with a heading; one that `follows` does not begin a page of their own. */
function section(page, title, words, follows) {
  const made = el('section', follows ? { class: 'follows' } : {}, el('h2', {}, title), ...(words ? [el('p', { class: 'quiet' }, prose(words))] : []));
  page.append(made);
  return made;
}

/** A table with a caption; a cell is text, a number, or an element; `numbers` are the columns on the right. */
function table(caption, heads, rows, numbers = [], classes = {}) {
  const of = (column) => (numbers.includes(column) ? 'number' : classes[column] || null);
  const cell = (value, column) => {
    if (column === 0) return el('th', { scope: 'row', class: of(0) }, value);
    if (value instanceof HTMLElement && value.tagName === 'TD') return value;
    return el('td', { class: of(column) }, value === null || value === undefined ? '–' : value);
  };
  return el('div', { class: 'wide' }, el('table', {}, caption ? el('caption', {}, caption) : null,
    el('thead', {}, el('tr', {}, heads.map((head, column) => el('th', { scope: 'col', class: of(column) }, head)))),
    el('tbody', {}, rows.map((row) => el('tr', {}, row.map(cell))))));
}

/** A table whose heads wrap and whose cells are close: one with many columns, as wide as the page and the paper. */
function fits(made, ...more) {
  const [of] = made.children;
  of.classList.add('fits', ...more);
  // A short one is on one sheet of paper.
  if (of.tBodies[0].rows.length <= 20) made.classList.add('whole');
  return made;
}

/** Words that stay on one line. */
const unbroken = (words) => el('span', { class: 'line' }, words);

/** A long name that may break behind each `_`. */
const breakable = (name) => el('span', {}, name.split('_').flatMap((part, at) => (at ? ['_', el('wbr'), part] : [part])));

/** Says how many rows are not shown, and where they are. */
function andMore(parent, count, word, file, order) {
  if (count) parent.append(el('p', { class: 'quiet more' }, `${counted(count, `more ${word}`)} in `, el('code', {}, `${file}.parquet`), order ? `; ${order}.` : '.'));
}

function facts(pairs) {
  return el('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
}

/** A choice; calls back with the value, and is remembered in nothing. */
function choice(label, id, options, does, chosen) {
  const select = el('select', { id, on: { change: () => does(select.value) } },
    options.map(([value, words]) => el('option', { value, ...(String(value) === String(chosen) ? { selected: '' } : {}) }, words)));
  return { select, label: el('label', { for: id }, label, ' ', select) };
}

/** A value of the scenario as text. */
const said = (value) => (value === null ? '–' : typeof value === 'object' ? JSON.stringify(value).replaceAll('"', '').replaceAll(',', ', ').replaceAll(':', ': ') : String(value));

/** What a reader is told elsewhere, and what only files need. */
const HEAD_KEYS = ['name', 'about', 'version', 'extends'];

/** A copy of a scenario in which what these dotted keys assign is said to vary; `*` stands for every name. */
function markVaried(scenario, keys) {
  const copy = structuredClone(scenario || {});
  const mark = (of, [name, ...rest]) => {
    const names = name === '*' ? Object.keys(of) : [name];
    for (const one of names) {
      if (!rest.length) of[one] = 'varies';
      else {
        if (of[one] === undefined) of[one] = {};
        if (of[one] && typeof of[one] === 'object') mark(of[one], rest);
      }
    }
  };
  keys.forEach((key) => mark(copy, key.split('.')));
  return copy;
}

/** The scenario section by section; what all assets of a section have in common is said once. `varied` are the keys that a sweep assigns. */
function parameters(page, scenario, inputs, { follows, varied } = {}) {
  const whole = 'What the scenario says, defaults included.', base = 'The base as it is written, with what `[set]` of the sweep assigns: what is not here has its default. What an axis assigns “varies”.';
  const made = section(page, 'Parameters', `${varied ? base : whole} Assets of one kind are told together: once what they share, one by one where they differ. \`cariflex explain\` tells what a parameter means.`, follows);
  const sections = Object.entries(markVaried(scenario, varied || [])).filter(([name]) => !HEAD_KEYS.includes(name));
  const isScalar = (value) => value === null || typeof value !== 'object';
  const scalars = sections.filter(([, value]) => isScalar(value));
  if (varied && scalars.length) made.append(facts(scalars.map(([key, value]) => [key, said(value)])));
  for (const [name, value] of sections) {
    if (isScalar(value) || Array.isArray(value)) continue;
    const entries = Object.entries(value);
    if (!entries.length) continue;
    const isAssets = name !== 'fleet' && entries.every(([, of]) => of && typeof of === 'object' && !Array.isArray(of)) && entries.length > 1;
    const items = isAssets ? together(entries) : entries.map(([key, of]) => [key, said(of)]);
    made.append(el('details', {}, el('summary', {}, el('code', {}, `[${name}]`), el('span', {}, counted(isAssets ? entries.length : items.length, isAssets ? 'asset' : 'parameter'))),
      el('ul', { class: 'parameters' }, items.map(([key, of]) => el('li', {}, el('span', { class: 'key' }, `${key} = `), of)))));
  }
  if (inputs && inputs.length) made.append(table('Files read', ['file', 'BLAKE3 of the contents'], inputs.map((file) => [el('code', {}, file.path), el('code', {}, file.blake3)])));
  else made.append(el('p', { class: 'quiet' }, 'No file of measured data was read.'));
}

function together(entries) {
  const keys = [...new Set(entries.flatMap(([, of]) => Object.keys(of)))].sort();
  return keys.map((key) => {
    const by = new Map();
    entries.forEach(([id, of]) => { const value = said(of[key] ?? null); by.set(value, [...(by.get(value) || []), id]); });
    if (by.size === 1) return [key, [...by.keys()][0]];
    const parts = [...by].map(([value, ids]) => `${value} (${ids.length > 4 ? `${ids.length} of them` : ids.join(', ')})`);
    return [key, parts.length > 12 ? `${parts.length} different values` : parts.join('; ')];
  });
}

const opened = [];
function onPaper() {
  document.querySelectorAll('details:not(.rest)').forEach((details) => { if (!details.open) { details.open = true; opened.push(details); } });
  for (const chart of charts) {
    fit(chart, chart.box.closest('.pair') ? (PAPER_PX - 20) / 2 : PAPER_PX, chart.paperHeight);
  }
}
function onScreen() {
  opened.splice(0).forEach((details) => { details.open = false; });
  charts.forEach((chart) => fit(chart, chart.box.clientWidth, chart.height(chart.box.clientWidth)));
}
