
// The page of a sweep: what was varied, how strongly key figures answer, how the runs went.

/** Values up to which an axis counts as having levels; more are put into bins. */
const LEVELS = 12;
/** Runs below which correlations are not worth a number. */
const FEW_RUNS = 10;
/** Rows of a long table that lie open. */
const OPEN_ROWS = 20;

function sweepPage(page, data) {
  const state = { kpi: data.main[0] ?? data.kpis.findIndex((kpi) => kpi.varies) };
  sweepHead(page, data);
  whatVaries(page, data);
  if (state.kpi >= 0) {
    figureByFigure(page, data, state);
    interactions(page, data, state);
    tradeOffs(page, data);
    sensitivities(page, data);
    noiseOf(page, data);
  } else {
    section(page, 'Key figures', null, true).append(el('p', {}, data.runs.point.length ? 'No key figure differs between the runs that are complete.' : 'No run is complete: there is nothing to draw.'));
  }
  runsOf(page, data);
  parameters(page, data.scenario, data.inputs, { follows: true, varied: data.axes.flatMap((axis) => axis.keys) });
}

// What was varied ----------------------------------------------------------------------------------------------------

function sweepHead(page, { head }) {
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
}

function whatVaries(page, { axes }) {
  if (!axes.length) return;
  const values = (axis) => {
    if (axis.cases) return axis.cases.join(', ');
    const of = levels(axis.values);
    return of.length <= LEVELS ? of.map((v) => num(v, 6)).join(', ') : `${num(of[0])} to ${num(of[of.length - 1])}, ${plain(of.length)} values`;
  };
  const keys = (axis) => axis.keys.flatMap((key, at) => [at ? ', ' : '', el('code', {}, key)]);
  page.append(table('What varies', ['axis', 'sets', 'unit', 'values of the complete runs', 'meaning'], axes.map((axis) => [axis.name, el('span', {}, keys(axis)), axis.unit || '–', values(axis), axis.description]), [], { 4: 'meaning' }));
  axes.filter((axis) => axis.sets.length).forEach((axis) => page.append(caseTable(axis)));
}

/** What each case of an axis sets: a row for each case, a column for each key; the other way around where keys are many. */
function caseTable({ name, sets }) {
  const keys = [...new Set(sets.flatMap((one) => one.set.map(([key]) => key)))];
  const value = (one, key) => { const found = one.set.find(([of]) => of === key); return found ? said(found[1]) : '–'; };
  const made = keys.length > 4
    ? table(`Cases of ${name}`, ['key', ...sets.map((one) => one.name)], keys.map((key) => [el('code', {}, key), ...sets.map((one) => value(one, key))]))
    : table(`Cases of ${name}`, ['case', ...keys.map((key) => el('code', {}, key))], sets.map((one) => [one.name, ...keys.map((key) => value(one, key))]));
  made.classList.add('cases');
  return made;
}

const axisName = (axis) => (axis.unit ? `${axis.name} (${axis.unit})` : axis.name);

/** A key figure, in a unit that reads well. */
function scaledKpi(data, index) {
  const kpi = data.kpis[index];
  const { unit, by } = unitFor(Math.max(Math.abs(kpi.min), Math.abs(kpi.max)), kpi.unit);
  return { ...kpi, unit, by, values: data.runs.values[index].map((value) => (value === null ? null : value / by)), name: unit ? `${kpi.label} (${unit})` : kpi.label };
}

/** The key figures that vary, those that matter most first. */
const varying = (data) => [...data.main, ...data.kpis.keys()].filter((index, at, all) => all.indexOf(index) === at && data.kpis[index].varies);

// Sensitivity --------------------------------------------------------------------------------------------------------

/** The share of a key figure's variance, of its ranks for axes of numbers, that goes with an axis. */
function strength(kpi, at, axis) {
  const value = kpi.partial[at] ?? kpi.follows[at] ?? 0;
  return axis.cases ? value : value * value;
}
const strengths = (data, index) => data.axes.map((axis, at) => strength(data.kpis[index], at, axis));

/** Blue for falling, orange for rising, green for cases; light enough for dark text. */
function tint(share, isSigned) {
  const strong = Math.min(1, Math.abs(share)) * 0.75;
  const [r, g, b] = isSigned ? (share < 0 ? [0, 114, 178] : [213, 94, 0]) : [0, 158, 115];
  return `background: rgba(${r},${g},${b},${strong.toFixed(3)})`;
}

/** The columns of the table: axis, measure, and where a key figure has it. */
function measuresOf(data) {
  const some = (at) => data.kpis.some((kpi) => kpi.partial[at] !== null);
  return data.axes.flatMap((axis, at) => [
    { axis, at, words: axis.cases ? 'η²' : 'rank corr.', value: 'follows', sure: 'follows_surely' },
    ...(some(at) ? [{ axis, at, words: 'partial rank corr.', value: 'partial', sure: 'partial_surely' }] : []),
  ]);
}

function sensitivities(page, data) {
  if (!data.axes.length) return;
  const made = section(page, 'Sensitivity');
  if (data.head.complete < FEW_RUNS) made.append(el('p', { id: 'few' }, `${plain(data.head.complete)} complete runs are too few to tell how strongly key figures answer to axes: from ${FEW_RUNS} on, correlations stand here.`));
  else {
    const columns = measuresOf(data);
    made.append(...aboutMeasures(data, columns), ...sensitivityTable(data, columns));
  }
  stillOnes(made, data);
}

function aboutMeasures(data, columns) {
  const said = [['rank corr.', 'Spearman’s rank correlation of axis and key figure over all complete runs, from −1 (falls whenever the axis rises) to +1; an effect that turns around can hide in a small number.'],
    ['partial rank corr.', 'the same when the ranks of all other axes, and the cases, are regressed out (PRCC).'],
    ['η²', 'the share of the key figure’s variance that lies between the cases of the axis, from 0 to 1.']];
  const used = said.filter(([words]) => columns.some((column) => column.words === words));
  return [...used.map(([words, meaning]) => el('p', { class: 'quiet' }, el('strong', {}, words), ` ${meaning}`)),
    el('p', { class: 'quiet' }, 'Grey is what is not significant at 5 % (t test of a correlation, F test of η²; each on its own, and seeds of one point counted as runs of their own). Axes that were varied together share their effects.')];
}

function sensitivityTable(data, columns) {
  const cell = (kpi, { axis, at, value, sure }) => {
    const of = kpi[value][at];
    if (of === null) return el('td', {}, '–');
    return el('td', kpi[sure][at] ? { style: tint(of, !axis.cases) } : { class: 'weak' }, plain(of, 2));
  };
  const most = (index) => Math.max(...strengths(data, index));
  const shown = varying(data).sort((a, b) => most(b) - most(a));
  const span = (axis) => columns.filter((column) => column.axis === axis).length;
  const matrix = (some, id) => el('div', { class: 'wide' }, el('table', { class: 'matrix', id },
    el('thead', {}, el('tr', {}, el('th', { rowspan: 2, scope: 'col' }, 'key figure'), data.axes.map((axis) => el('th', { scope: 'colgroup', colspan: span(axis) }, axis.name))),
      el('tr', {}, columns.map(({ words }) => el('th', { scope: 'col' }, el('small', {}, words))))),
    el('tbody', {}, some.map((index) => el('tr', {}, el('th', { scope: 'row' }, data.kpis[index].label), columns.map((column) => cell(data.kpis[index], column)))))));
  return openAndFolded(shown, matrix, 'matrix');
}

/** A table of the first rows, and one of the rest that is folded. */
function openAndFolded(rows, make, id) {
  const rest = rows.slice(OPEN_ROWS);
  const folded = rest.length ? [el('details', { class: 'rest' }, el('summary', {}, `${counted(rest.length, 'more key figure')}, weaker`), make(rest, `${id}-rest`)),
    el('p', { class: 'on-paper quiet' }, `${counted(rest.length, 'weaker key figure')} left out on paper.`)] : [];
  return [make(rows.slice(0, OPEN_ROWS), id), ...folded];
}

/** Key figures that are the same in every run, folded into one line. */
function stillOnes(made, data) {
  const still = data.kpis.filter((kpi) => !kpi.varies);
  if (!still.length) return;
  const value = (kpi) => { const { unit, by } = unitFor(Math.abs(kpi.mean || 0), kpi.unit); return `${kpi.label} = ${num(kpi.mean === null ? null : kpi.mean / by, 5)}${unit ? ` ${unit}` : ''}`; };
  made.append(el('details', { id: 'still' }, el('summary', {}, `The same in every run: ${counted(still.length, 'key figure')}`), el('p', { class: 'quiet' }, still.map(value).join('; '))));
}

function noiseOf(page, data) {
  const made = section(page, 'Noise between seeds', 'Runs of one point differ by their seed alone. Where the standard deviation between seeds comes near to that between points, an effect may be chance: take more seeds. That between points is what remains when the part that seeds explain is taken away.', true);
  const shareOf = ({ seeds, points }) => seeds * seeds / (seeds * seeds + points * points || 1);
  const shown = varying(data).filter((index) => data.kpis[index].noise).sort((a, b) => shareOf(data.kpis[b].noise) - shareOf(data.kpis[a].noise));
  const row = (index) => {
    const kpi = data.kpis[index], { unit, by } = unitFor(Math.max(Math.abs(kpi.min), Math.abs(kpi.max)), kpi.unit), share = shareOf(kpi.noise);
    const bar = el('td', {}, el('span', { class: 'share', style: `width:${(share * 90).toFixed(0)}px` }), `${plain(share * 100, 0)} %`);
    return [kpi.label, num(kpi.mean / by), num(kpi.noise.seeds / by, 3), num(kpi.noise.points / by, 3), unit, bar];
  };
  if (!shown.length) made.append(el('p', {}, 'Each point was run with one seed: chance can not be told from effect. Give the sweep more seeds (replicates) to know.'));
  else made.append(...openAndFolded(shown, (some) => table(null, ['key figure', 'mean', 'between seeds', 'between points', 'unit', 'share of variance by seeds'], some.map(row), [1, 2, 3])));
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
