
// The local market ---------------------------------------------------------------------------------------------------

const VOLUME = '#B5D0E4';
/** An axis of prices to the right of one of energies. */
const rightAxis = (name) => valueAxis(name, { scale: true, splitLine: { show: false }, nameTextStyle: { color: COLOR.quiet, fontSize: 11, align: 'right', padding: [0, -46, 0, 0] } });
// Unlike demand and supply, beside which areas stand.
const AREA_COLORS = ['#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#6C757D', '#8A8B3C', '#6B4C9A', '#1F2630'];
const areaColor = (index) => AREA_COLORS[index % AREA_COLORS.length];

function marketOf(page, { market, bins }, days) {
  if (!market) return;
  const made = section(page, 'The local market', `${plain(market.traded_slots)} of ${plain(market.slots)} cleared contracts had trade.`);
  if (market.curves.length) supplyAndDemand(made, market, bins);
  marketOverTime(made, market, bins, days);
}

/** What a local clock shows at an instant, in words. */
function localName(bins, ms) {
  const offset = bins.offsets.filter(([bin]) => bins.first_ms + bin * bins.step_min * 60000 <= ms).map(([, minutes]) => minutes).pop() || 0;
  const local = ms + offset * 60000;
  return `${dateOf(local)} ${clock((local % 86400000) / 3600000)}`;
}

/** The curves of some slots; where areas clear one by one, those of all orders together, with the price of each area. */
function supplyAndDemand(made, market, bins) {
  const option = (index) => {
    const { bids, offers } = market.curves[index];
    const { unit, by } = unitFor(largest(bids.map(([, e]) => e), offers.map(([, e]) => e)), 'kWh');
    // A step holds from where the last one ended to where it ends itself.
    const steps = (list) => list.flatMap(([p, e], at) => [[(at ? list[at - 1][1] : 0) / by, p], [e / by, p]]);
    const marks = pricesMarked(market, market.curves[index]);
    return { grid: { left: 62, right: 20, top: 44, bottom: 46 }, legend: legend({ data: ['Demand (bids)', 'Supply (offers)'] }), tooltip: tooltip('EUR/MWh', { axisPointer: { label: { show: true } } }),
      xAxis: bottomAxis({ name: `energy, cumulated (${unit})`, min: 0 }), yAxis: valueAxis('EUR/MWh', { scale: true }),
      series: [line('Demand (bids)', steps(bids), COLOR.commercial), line('Supply (offers)', steps(offers), COLOR.pv, { markLine: { symbol: ['none', 'none'], silent: true, data: marks } })] };
  };
  const words = (index) => {
    const { start_ms: start, volume_kwh: volume, price_eur_per_mwh: price, is_mean: isMean } = market.curves[index];
    const traded = price === null ? 'no trade' : `${num(volume)} kWh at ${num(price)} EUR/MWh${isMean ? ' in the mean' : ''}`;
    return `Supply and demand, ${market.product}, slot of ${localName(bins, start)}: ${traded}`;
  };
  let chart = null;
  const picker = choice('Slot', 'slot', market.curves.map((curve, index) => [index, `${localName(bins, curve.start_ms)} · ${curve.why}`]), (value) => chart.set(option(Number(value)), words(Number(value))), 0);
  made.append(el('div', { class: 'bar' }, picker.label));
  if (market.areas) {
    const hasPrices = market.curves.some(({ areas }) => Object.keys(areas || {}).length);
    made.append(el('p', { class: 'quiet' }, `The curves hold the orders of all ${plain(market.areas.count)} areas. No auction saw them like this: between areas there are grid fees. `,
      !market.areas.drawn.length ? 'Prices of areas are in the table areas.' : hasPrices ? 'Dashed is the price at which orders met in each area, before fees.' : 'Trades have prices of their own.'));
  }
  chart = figure(made, { title: words(0), height: 290, option: option(0) });
}

/** Dashed lines at the prices of a slot; areas with the same price share one. */
function pricesMarked({ areas }, curve) {
  const mark = (price, words, color) => ({ yAxis: price, lineStyle: { color, type: 'dashed', width: 1.3 }, label: { show: true, position: 'insideEndTop', formatter: `${words}: ${num(price)}`, color: COLOR.net, fontSize: 11, textBorderColor: '#fff', textBorderWidth: 3 } });
  if (!areas) return curve.price_eur_per_mwh === null ? [] : [mark(curve.price_eur_per_mwh, curve.is_mean ? 'mean of trades' : 'price', COLOR.alarm)];
  const by = new Map();
  areas.drawn.forEach(({ area }, index) => {
    const price = (curve.areas || {})[area];
    if (price !== undefined) by.set(price, [...(by.get(price) || []), [area, index]]);
  });
  const marks = [...by].sort(([a], [b]) => b - a).map(([price, list]) => mark(price, list.map(([area]) => area).join(', '), areaColor(list[0][1])));
  // Words of prices that are near do not lie on each other.
  const places = marks.length < 3 ? ['insideEndTop', 'insideEndBottom'] : ['insideEndTop', 'insideMiddleTop', 'insideStartTop', 'insideEndBottom', 'insideMiddleBottom', 'insideStartBottom'];
  marks.forEach((one, index) => { one.label.position = places[index % places.length]; });
  return marks;
}

/** What is drawn over a run: by day where it is long, else by interval. */
function overRun(bins, days) {
  const labels = days.map((day) => day.date.slice(4)), step = bins.step_min / 60, first = days[0].day, byDay = days.length > 21;
  const sums = (values) => days.map((day) => total(day.bins.map((bin) => values[bin])));
  // Prices by day are weighted by volume.
  const means = (values, volume) => days.map((day) => {
    const known = day.bins.filter((bin) => values[bin] !== null && volume[bin] > 0), weight = total(known.map((bin) => volume[bin]));
    return weight > 0 ? total(known.map((bin) => volume[bin] * values[bin])) / weight : null;
  });
  const points = (values) => days.flatMap((day) => day.bins.map((bin, index) => [(day.day - first) * 24 + day.hours[index] + step / 2, values[bin]]));
  const fewDays = days.length <= 2;
  const axis = byDay ? caseAxis(labels) : bottomAxis({ min: 0, max: days.length * 24, interval: fewDays ? 3 : 24, axisLabel: { align: fewDays ? 'center' : 'left', formatter: (h) => (fewDays ? `${two(h % 24)}:00` : h < days.length * 24 ? labels[h / 24].slice(5) : '') }, splitLine: { show: !fewDays, lineStyle: { color: '#ECEFF2' } } });
  return {
    byDay, axis, per: byDay ? 'day' : bins.step_min === 60 ? 'hour' : 'slot',
    largestOf: (values) => largest(byDay ? sums(values) : values),
    /** A volume, alone or as a part of a stack. */
    volume: (name, values, by, color, stack) => {
      if (byDay) return { name, type: 'bar', stack, data: sums(values).map((v) => v / by), color, barCategoryGap: '0%' };
      return { ...area(name, points(values.map((v) => (v || 0) / by)), color, stack), step: 'middle', lineStyle: { width: 0 } };
    },
    /** A price: dots over everything else, by day a line. */
    price: (name, values, volume, color, more) => {
      if (byDay) return line(name, means(values, volume), color, { z: 6, lineStyle: { width: 1.5 }, ...more });
      return { name, type: 'scatter', data: points(values), color, symbolSize: 4, z: 6, itemStyle: { opacity: 1 }, ...more };
    },
    tooltip: (unit) => (byDay ? { ...tooltip(unit), valueFormatter: (v) => num(v) } : dayTooltip(unit, (hour) => labels[Math.floor(hour / 24)])),
  };
}

function marketOverTime(made, market, bins, days) {
  const run = overRun(bins, days), when = run.byDay ? 'by day' : 'over time';
  if (market.areas && market.areas.drawn.length) areasOverTime(made, market, run, when);
  else {
    const { unit, by } = unitFor(run.largestOf(market.volume_kwh), 'kWh');
    const mean = market.is_mean || market.products > 1 || run.byDay ? 'mean price' : 'price';
    const note = market.areas ? `the mean of what trades paid in ${plain(market.areas.count)} areas, without fees` : market.products > 1 ? `of all ${plain(market.products)} products, when they are delivered` : market.is_mean ? 'trades have prices of their own' : null;
    figure(made, { title: `Volume and ${mean} ${when}`, note, height: 230, option: {
      grid: { left: 62, right: 56, top: 52, bottom: 30 }, legend: legend({ left: 62, right: 70 }), tooltip: run.tooltip(''), xAxis: run.axis, yAxis: [valueAxis(`${unit} per ${run.per}`), rightAxis('EUR/MWh')],
      series: [run.volume(`volume (${unit})`, market.volume_kwh, by, VOLUME), run.price(`${mean} (EUR/MWh)`, market.price_eur_per_mwh, market.volume_kwh, '#B23C00', { yAxisIndex: 1 })] } });
  }
  const byHour = Array.from({ length: 24 }, () => 0);
  days.forEach((day) => day.bins.forEach((bin, index) => { byHour[Math.floor(day.hours[index]) % 24] += (market.volume_kwh[bin] || 0) / days.length; }));
  const { unit, by } = unitFor(largest(byHour), 'kWh');
  figure(made, { title: 'Traded volume by hour of the day', note: 'mean of all days', height: 190, option: {
    grid: { left: 62, right: 16, top: 34, bottom: 30 }, tooltip: tooltip(unit), xAxis: caseAxis(byHour.map((_, hour) => `${two(hour)}:00`)), yAxis: valueAxis(unit),
    series: [{ name: 'volume', type: 'bar', data: byHour.map((v) => v / by), color: '#8FB9D6', barCategoryGap: '18%' }] } });
}

/** Where energy met, and at what price there. */
function areasOverTime(made, market, run, when) {
  const { drawn } = market.areas;
  // With fees between pairs of areas, some energy meets in none of them.
  const between = market.volume_kwh.map((v, bin) => Math.max(0, (v || 0) - total(drawn.map(({ volume_kwh: of }) => of[bin]))));
  const { unit, by } = unitFor(run.largestOf(market.volume_kwh), 'kWh');
  const rest = largest(between) > 0.01 * largest(market.volume_kwh) ? [run.volume('between areas', between, by, COLOR.commune, 'areas')] : [];
  const names = drawn.map(({ area }) => area);
  const top = (room) => topFor([...names, ...rest.map(({ name }) => name)], room);
  figure(made, { title: `Volume ${when}, by the area in which bids and offers met`, height: 220, option: (room) => ({
    grid: { left: 62, right: 16, top: top(room), bottom: 30 }, legend: legend({ left: 62 }), tooltip: run.tooltip(unit), xAxis: run.axis, yAxis: valueAxis(`${unit} per ${run.per}`),
    series: [...drawn.map(({ area: name, volume_kwh: of }, index) => run.volume(name, of, by, areaColor(index), 'areas')), ...rest] }) });
  const priced = drawn.map((one, index) => ({ ...one, index })).filter(({ price_eur_per_mwh: price }) => price.some((v) => v !== null));
  if (!priced.length) {
    const note = 'trades have prices of their own; without fees';
    figure(made, { title: `Mean price ${when}, of all areas`, note, height: 200, option: {
      grid: { left: 62, right: 16, top: 34, bottom: 30 }, tooltip: run.tooltip('EUR/MWh'), xAxis: run.axis, yAxis: valueAxis('EUR/MWh', { scale: true }), series: [run.price('mean price', market.price_eur_per_mwh, market.volume_kwh, '#B23C00')] } });
    return;
  }
  figure(made, { title: `${run.byDay ? 'Mean price' : 'Price'} ${when}, by area`, note: 'what sellers and buyers met at there, before the fees of either side', height: 220, option: (room) => ({
    grid: { left: 62, right: 16, top: topFor(names, room), bottom: 30 }, legend: legend({ left: 62 }), tooltip: run.tooltip('EUR/MWh'), xAxis: run.axis, yAxis: valueAxis('EUR/MWh', { scale: true }),
    series: priced.map(({ area: name, price_eur_per_mwh: price, volume_kwh: volume, index }) => run.price(name, price, volume, areaColor(index))) }) });
}

/** The areas of the market: what each bought, how much of it from itself, and what its boundary collected. */
function areasOf(page, { areas }) {
  if (!areas) return;
  const made = section(page, 'Areas side by side', 'What bids within each area bought, how much of that came from offers within it, and the grid fees its boundary collected. An area counts all areas inside it; with fees between pairs of areas, fees are those of energy delivered to it.', true);
  made.append(sideBySide('area', areas.columns, areas.rows.map(({ area, figures }) => [area, figures])));
}

/** A row of figures for each name; figures that are nothing for everybody are left out. */
function sideBySide(head, columns, rows) {
  const shown = columns.map((column, at) => ({ ...column, at })).filter(({ at }) => rows.some(([, figures]) => figures[at]));
  const cell = (value, unit) => (value === null ? '–' : unit === 'share' ? num(value, 3) : num(value));
  const heads = [head, ...shown.map(({ label, unit }) => (unit === 'share' ? label : `${label} (${unit})`))];
  return fits(table(null, heads, rows.map(([name, figures]) => [name, ...shown.map(({ at, unit }) => cell(figures[at], unit))]), heads.map((_, column) => column).slice(1)), 'named');
}

/** The same meters and orders under other rules: figures side by side, and what each rule saves. */
function comparisonOf(page, { comparison }) {
  if (!comparison) return;
  const made = section(page, 'Rules side by side', 'What the same orders and meters come to under other rules. Storage has followed the awards of the rule in force, so what another one would have awarded is not delivered and costs imbalance: to see how a rule does with people and devices that live by it, run it. Continuous trades stay as they were; rules of sharing need no orders.', true);
  made.append(sideBySide('rule', comparison.columns, comparison.rows.map(({ rule, figures }) => [rule, figures])));
  const saved = comparison.columns.findIndex(({ label }) => label.startsWith('saved'));
  const bars = comparison.rows.map(({ figures }) => figures[saved]);
  if (bars.some((value) => value)) {
    // A bar that costs more than the retailer alone has its number on the left.
    const data = bars.map((value) => ({ value, itemStyle: { color: value < 0 ? '#E3B7A0' : '#8FB9D6' }, label: { position: value < 0 ? 'left' : 'right' } }));
    figure(made, { title: 'Saved by all members, against the retailer alone', note: 'EUR', height: 60 + 26 * bars.length, option: {
      grid: { left: 210, right: 60, top: 10, bottom: 30 }, tooltip: tooltip('EUR'), xAxis: valueAxis(undefined, { position: 'bottom' }),
      yAxis: { type: 'category', inverse: true, data: comparison.rows.map(({ rule }) => rule), axisLabel: { width: 195, overflow: 'truncate' }, axisTick: { show: false }, axisLine: { onZero: false, show: false } },
      series: [{ name: 'saved', type: 'bar', data, barCategoryGap: '30%', label: { show: true, formatter: ({ value }) => num(value) } }] } });
  }
}
