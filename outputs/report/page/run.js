
// The page of a run.

const KINDS = {
  pv: 'PV plants', battery: 'Batteries', evse: 'Charge points', ev: 'Vehicles', household: 'Households', commercial: 'Commercial sites',
  commune: 'Communes', load: 'Loads',
};
const GROUP_COLOR = { pv: COLOR.pv, battery: COLOR.battery, evse: COLOR.ev, ev: COLOR.ev, household: COLOR.household, commercial: COLOR.commercial, commune: COLOR.commune, load: COLOR.load };
// Name in the data, name in a legend, colour; from the axis outwards.
const CONSUMPTION = [['communes', 'Communes', COLOR.commune], ['households', 'Households', COLOR.household], ['commercial', 'Commercial', COLOR.commercial],
  ['loads', 'Other loads', COLOR.load], ['battery_charge', 'Batteries charging', '#7CCBB4'], ['ev_charge', 'Vehicles charging', '#E5BCD3']];
const PRODUCTION = [['pv', 'PV', COLOR.pv], ['battery_discharge', 'Battery discharge', COLOR.battery], ['ev_discharge', 'V2G', COLOR.ev]];

/** The days of the run in local time, each with its bins and their hours. */
function localDays(bins) {
  const days = [];
  let offset = 0, next = 0;
  for (let bin = 0; bin < bins.count; bin += 1) {
    while (next < bins.offsets.length && bins.offsets[next][0] <= bin) offset = bins.offsets[next++][1];
    const local = bins.first_ms + (bin * bins.step_min + offset) * 60000;
    const day = Math.floor(local / 86400000);
    if (!days.length || days[days.length - 1].day !== day) days.push({ day, date: dateOf(day * 86400000), bins: [], hours: [] });
    const last = days[days.length - 1];
    last.bins.push(bin);
    last.hours.push((local - day * 86400000) / 3600000);
  }
  return days;
}

/** Who supplies the island, and what takes what nobody else does; those that do nothing are left out. */
function sourcesOf(supply) {
  const there = (supply || []).filter(({ power_kw }) => largest(power_kw) > 0);
  const row = ({ source, power_kw }, sign) => [source, (SOURCES[source] || [source])[0], (SOURCES[source] || [0, '#B5A26A'])[1], power_kw.map((v) => (v === null ? null : sign * v))];
  const takes = ({ power_kw }) => total(power_kw) < 0;
  return { given: there.filter((one) => !takes(one)).map((one) => row(one, 1)), taken: there.filter(takes).map((one) => row(one, -1)) };
}

/** The share of a chart's scale below which a series is named in a note, not in the legend. */
const SEEN = 0.002;

/** How many hours of a bin lie in the run. */
const hoursOf = (bins, bin) => (bin === 0 ? bins.first_hours : bin === bins.count - 1 ? bins.last_hours : bins.step_min / 60);

function runPage(page, data) {
  const { head } = data;
  runHead(page, data);
  if (!data.bins) {
    const note = section(page, 'Key figures only', null, true);
    note.append(el('p', {}, 'This run was recorded as ', el('code', {}, 'kpis'), ': there are no tables to draw from. Run it again with ', el('code', {}, '--record hourly'), ' for hourly means, or ', el('code', {}, '--record full'), ' for every interval, and make the report again.'));
  } else {
    const days = localDays(data.bins);
    dayOf(page, data, days);
    wholeRun(page, data, days);
    everyAsset(page, data);
    marketOf(page, data, days);
    areasOf(page, data);
    comparisonOf(page, data);
    plansOf(page, data);
    reserveOf(page, data);
    flexibilityOf(page, data);
    invoicesOf(page, data);
  }
  keyFigures(page, data);
  faultsOf(page, data);
  eventsOf(page, data);
  parameters(page, data.scenario, data.inputs);
}

function runHead(page, { head, figures }) {
  const local = (at) => { const ms = head[`${at}_ms`] + head[`${at}_offset_min`] * 60000; return `${dateOf(ms)} ${clock((ms % 86400000) / 3600000)}`; };
  page.append(el('p', { class: 'kicker' }, 'Cariflex twin · run'), el('h1', {}, head.name));
  if (head.about) page.append(el('p', { class: 'about' }, head.about));
  if (head.status !== 'complete') page.append(el('p', { class: 'warning' }, `This run is ${head.status}: it ends at ${instant(head.end_ms)} instead of ${instant(head.planned_end_ms)}.`));
  page.append(el('ul', { class: 'large', style: `--columns: ${figures.length > 6 ? 4 : figures.length}` }, figures.map((figure) => {
    const { unit, by } = unitFor(figure.value, figure.unit);
    return el('li', {}, el('div', { class: 'label' }, figure.label), el('div', { class: 'value' }, num(figure.value / by, 4), ' ', el('small', {}, unit)), el('div', { class: 'note' }, figure.note));
  })));
  const kinds = Object.entries(head.participants).sort((a, b) => b[1] - a[1]);
  page.append(facts([
    ['From', local('start')], ['To', local('end')], ['Duration', span((head.end_ms - head.start_ms) / 1000)], ['Time step', span(head.tick_s)],
    ['Recorded', head.level === 'full' ? 'every interval' : head.level === 'hourly' ? 'hourly means' : 'key figures'], ['Seed', head.seed], ['Time zone', head.zone], ['Host', head.host === 'sweep' ? null : head.host], ['Engine', el('code', {}, head.engine)],
  ]));
  if (kinds.length) {
    page.append(el('p', { class: 'quiet' }, `${counted(total(kinds.map(([, count]) => count)), 'participant')}: `,
      kinds.map(([kind, count]) => `${plain(count)} ${kind.replaceAll('_', ' ')}`).join(', '), '.'));
  }
}

// A day --------------------------------------------------------------------------------------------------------------

/** Values of a series over a day as points over its hours, or their means over all days. */
function overDay(values, days, day, step) {
  if (!values) return null;
  if (day !== 'mean') {
    const points = days[day].bins.map((bin, index) => [days[day].hours[index], values[bin]]);
    // The last mean holds until its interval ends.
    const [hour, value] = points[points.length - 1] || [0, null];
    return [...points, [Math.min(24, hour + step), value]];
  }
  const slots = new Map();
  days.forEach((of) => of.bins.forEach((bin, index) => {
    if (values[bin] !== null) slots.set(of.hours[index], [...(slots.get(of.hours[index]) || []), values[bin]]);
  }));
  const points = [...slots].sort((a, b) => a[0] - b[0]).map(([hour, list]) => [hour, mean(list)]);
  const [hour, value] = points[points.length - 1] || [0, null];
  return [...points, [Math.min(24, hour + step), value]];
}

function dayOf(page, data, days) {
  const made = section(page, 'A day', 'Means of each interval, in local time: consumption upwards, production downwards, and the line what is left of both. Figures share the axis of hours.', true);
  const options = [...(days.length > 1 ? [['mean', `mean of ${days.length} days`]] : []), ...days.map((day, index) => [index, day.date])];
  const first = busiest(data, days);
  const drawn = [];
  const show = (day) => {
    const words = day === 'mean' ? `mean of ${days.length} days` : days[day].date;
    drawn.forEach(({ chart, title, option }) => chart.set(option(day), `${title}, ${words}`));
  };
  const picker = choice('Day', 'day', options, (value) => show(value === 'mean' ? 'mean' : Number(value)), first);
  const step = (by) => {
    const index = options.findIndex(([value]) => String(value) === picker.select.value) + by;
    if (index < 0 || index >= options.length) return;
    picker.select.value = String(options[index][0]);
    picker.select.dispatchEvent(new Event('change'));
  };
  made.append(el('div', { class: 'bar' }, picker.label, el('button', { type: 'button', on: { click: () => step(-1) } }, '‹ previous'), el('button', { type: 'button', on: { click: () => step(1) } }, 'next ›')));
  for (const one of dayFigures(data, days)) {
    const chart = figure(made, { title: `${one.title}, ${first === 'mean' ? options[0][1] : days[first].date}`, note: one.note, height: one.height, paperHeight: Math.round(one.height * 0.83), option: one.option(first), group: 'day', alt: one.alt });
    drawn.push({ chart, title: one.title, option: one.option });
  }
  echarts.connect('day');
}

/** The mean day of long runs; of short ones the day with the highest net load. */
function busiest(data, days) {
  if (days.length === 1) return 0;
  if (days.length > 14) return 'mean';
  const net = netOf(data);
  const full = days.map((day, index) => [largest(day.bins.map((bin) => net[bin])), day.bins.length, index]);
  const most = Math.max(...full.map(([, bins]) => bins));
  return full.filter(([, bins]) => bins === most).sort((a, b) => b[0] - a[0])[0][2];
}

/** Consumption minus production of the series in these lists. */
function netOf({ flows, bins }, up = CONSUMPTION, down = PRODUCTION) {
  return Array.from({ length: bins.count }, (_, bin) => total(up.map(([key]) => (flows[key] || [])[bin])) - total(down.map(([key]) => (flows[key] || [])[bin])));
}

function dayFigures(data, days) {
  const { flows, signals, supply, market, bins } = data;
  const step = bins.step_min / 60;
  const of = (values, day, by = 1) => (overDay(values, days, day, step) || []).map(([hour, value]) => [hour, value === null || value === undefined ? null : value / by]);
  const figures = [];
  const balance = (title, up, down, netName, note) => {
    const own = (list) => list.filter(([, , , values]) => !values);
    const net = netOf(data, own(up), own(down));
    const values = ([key, , , given]) => given || flows[key];
    const known = [...up, ...down].filter((one) => values(one));
    const scale = largest(net, ...known.map(values));
    const isSeen = (one) => values(one) && largest(values(one)) >= SEEN * scale;
    const there = (list) => list.filter(isSeen);
    const { unit, by } = unitFor(scale, 'kW');
    const small = known.filter((one) => !isSeen(one) && largest(values(one)) > 0).map((one) => one[1]);
    const words = [note, small.length ? `too small to see: ${small.join(', ')}` : null].filter(Boolean).join('; ');
    figures.push({ title, note: words, height: 330, alt: `${title}: stacked consumption and production by hour`, option: (day) => (room) => ({
      grid: { left: 62, right: 16, top: topFor([...there(up), ...there(down)].map((one) => one[1]).concat(netName), room), bottom: 34 }, legend: legend({ left: 62 }), tooltip: dayTooltip(unit),
      xAxis: hourAxis(), // What is too small to be seen does not claim a part of the axis.
      yAxis: valueAxis(`${unit}, ↑ consumption ↓ production`, { min: ({ min, max }) => (min > -0.02 * max ? 0 : null), axisLabel: { formatter: (value) => num(Math.abs(value), 5) } }),
      series: [
        ...there(up).map((one) => area(one[1], of(values(one), day, by), one[2], 'up')),
        ...there(down).map((one) => area(one[1], of(values(one).map((v) => (v === null ? null : -v)), day, by), one[2], 'down')),
        line(netName, of(net, day, by), COLOR.net, { z: 5, lineStyle: { width: 2.2, shadowColor: '#fff', shadowBlur: 3 } }),
      ],
    }) });
  };
  if (flows.communes || supply) {
    const { given, taken } = sourcesOf(supply);
    balance('The island', [...CONSUMPTION, ...taken], [...PRODUCTION, ...given], 'Net load');
  }
  const own = CONSUMPTION.slice(1);
  if (own.concat(PRODUCTION).some(([key]) => flows[key])) balance('The assets', own, PRODUCTION, 'Net of the assets', flows.communes ? 'without the demand that remains with the communes' : null);
  const s = (name) => signals && signals[name] && signals[name].values;
  const prices = pricesOf(data);
  if (prices.length) figures.push({ title: 'Prices', note: priceNote(data), height: 210, option: (day) => (room) => ({
    grid: { left: 62, right: 16, top: topFor(prices.map(([words]) => words), room), bottom: 34 }, legend: legend({ left: 62 }), tooltip: dayTooltip('EUR/MWh'), xAxis: hourAxis(), yAxis: valueAxis('EUR/MWh', { scale: true }),
    series: prices.map(([words, values, color, more]) => line(words, of(values, day), color, { step: 'end', connectNulls: false, ...more })),
  }) });
  const stored = [['battery_stored_kwh', 'Batteries', COLOR.battery], ['ev_stored_kwh', 'Vehicles', COLOR.ev]].filter(([key]) => flows[key]);
  if (stored.length) {
    const { unit, by } = unitFor(largest(...stored.map(([key]) => flows[key])), 'kWh');
    figures.push({ title: 'Stored energy', note: 'all together, at the end of each interval', height: 200, option: (day) => ({
      grid: { left: 62, right: 16, top: 44, bottom: 34 }, legend: legend({ left: 130 }), tooltip: dayTooltip(unit), xAxis: hourAxis(), yAxis: valueAxis(unit),
      series: stored.map(([key, words, color]) => line(words, of(flows[key], day, by), color)),
    }) });
  }
  if (flows.ev_charge || flows.ev_discharge) {
    const { unit, by } = unitFor(largest(flows.ev_charge, flows.ev_discharge), 'kW');
    figures.push({ title: 'Vehicles at charge points', height: 220, option: (day) => ({
      grid: { left: 62, right: 52, top: 44, bottom: 34 }, legend: legend({ left: 130, right: 60 }), tooltip: dayTooltip(''), xAxis: hourAxis(),
      yAxis: [valueAxis(unit, { axisLabel: { formatter: (value) => num(Math.abs(value), 5) } }), valueAxis('plugged in', { min: 0, minInterval: 1, splitLine: { show: false }, nameTextStyle: { color: COLOR.quiet, fontSize: 11, align: 'right', padding: [0, -40, 0, 0] } })],
      series: [['ev_charge', 'charging', '#E5BCD3', 1], ['ev_discharge', 'V2G', COLOR.ev, -1]].filter(([key]) => flows[key])
        .map(([key, words, color, sign]) => area(`${words} (${unit})`, of(flows[key].map((v) => (v === null ? null : sign * v)), day, by), color, words))
        .concat(flows.connected ? [line('plugged in', of(flows.connected, day), COLOR.net, { yAxisIndex: 1, step: 'end', lineStyle: { width: 1.3 } })] : []),
    }) });
  }
  return figures;
}

/** Prices over the run: words, values, colour, and how the line is drawn. */
function pricesOf({ signals, plans, market }) {
  const published = (name) => signals && signals[name] && signals[name].values;
  const planned = plans && plans.prices;
  const fromDso = planned && planned.source === 'dso', known = (values) => values && values.some((v) => v !== null);
  const dso = (name, words, color) => [`DSO: ${words}${fromDso ? ', for plans' : ''}`, published(name), color, planned && !fromDso ? { lineStyle: { width: 1.2, type: 'dotted' } } : {}];
  const tariff = (values, words, color) => [`Retailer: ${words}, for plans`, planned && !fromDso ? values : null, color, {}];
  return [
    dso('consumption_price', 'consumption', COLOR.net), dso('production_price', 'production', '#8C96A1'),
    tariff(planned && planned.import_eur_per_mwh, 'import', COLOR.accent), tariff(planned && planned.export_eur_per_mwh, 'export', COLOR.household),
    [market && (market.is_mean || market.products > 1) ? 'Local market, mean' : 'Local market', market && market.price_eur_per_mwh, COLOR.alarm, { showSymbol: true, symbol: 'circle', symbolSize: 3, z: 4 }],
  ].filter(([, values]) => known(values));
}

const priceNote = ({ plans }) => (plans && plans.prices && plans.prices.source !== 'dso' ? 'plans are made for the tariff of the retailer, not for the prices of the DSO' : null);

// The whole run ------------------------------------------------------------------------------------------------------

function wholeRun(page, data, days) {
  const { flows, signals, supply, bins } = data;
  const many = days.length > 1;
  const made = section(page, many ? 'The whole run' : 'Weather', many ? 'Energy of each local day, consumption upwards and production downwards. The first and the last day may be cut.' : null);
  const energy = (values, day) => total(day.bins.map((bin) => (values[bin] || 0) * hoursOf(bins, bin)));
  const labels = days.map((day) => day.date.slice(4));
  const bars = (title, up, down, note) => {
    const values = ([key, , , given]) => given || flows[key];
    const list = [...up.filter(values).map((one) => [one, 1]), ...down.filter(values).map((one) => [one, -1])];
    const all = list.map(([one, sign]) => [one, days.map((day) => sign * energy(values(one), day))]);
    const net = days.map((_, index) => total(all.filter(([one]) => !one[3]).map(([, of]) => of[index])));
    const scale = largest(net, ...all.map(([, of]) => of)), { unit, by } = unitFor(scale, 'kWh');
    const isSeen = ([, of]) => largest(of) >= SEEN * scale;
    const small = all.filter((one) => !isSeen(one) && largest(one[1]) > 0).map(([one]) => one[1]);
    const words = [note, small.length ? `too small to see: ${small.join(', ')}` : null].filter(Boolean).join('; ');
    figure(made, { title, note: words, height: 290, alt: `${title}: stacked bars of energy by day`, option: (room) => ({
      grid: { left: 62, right: 16, top: topFor(all.filter(isSeen).map(([one]) => one[1]).concat('Net'), room), bottom: 30 }, legend: legend({ left: 62 }), tooltip: tooltip(unit),
      xAxis: caseAxis(labels, { axisLine: { onZero: false, lineStyle: { color: '#B9C1CA' } } }), yAxis: valueAxis(`${unit} per day, ↑ consumption ↓ production`, { min: ({ min, max }) => (min > -0.02 * max ? 0 : null), axisLabel: { formatter: (value) => num(Math.abs(value), 5) } }),
      series: [...all.filter(isSeen).map(([one, of]) => ({ name: one[1], type: 'bar', stack: 'day', stackStrategy: 'samesign', data: of.map((v) => v / by), color: one[2], barMaxWidth: 56, barCategoryGap: days.length > 60 ? '0%' : '30%' })),
        line('Net', net.map((v) => v / by), COLOR.net, { symbol: days.length > 60 ? 'none' : 'circle', symbolSize: 6, lineStyle: { width: days.length > 60 ? 1.2 : 0 } })],
    }) });
  };
  const { given, taken } = sourcesOf(supply);
  if (many && (flows.communes || supply)) bars('The island by day', [...CONSUMPTION, ...taken], [...PRODUCTION, ...given]);
  if (many && CONSUMPTION.slice(1).concat(PRODUCTION).some(([key]) => flows[key])) bars('The assets by day', CONSUMPTION.slice(1), PRODUCTION, flows.communes ? 'without the demand that remains with the communes' : null);
  weather(made, data, days, labels);
}

function weather(made, { signals, bins }, days, labels) {
  const s = (name) => signals && signals[name] && signals[name].values;
  if (!s('irradiance')) return;
  const temperature = s('temperature');
  const right = valueAxis('°C', { scale: true, splitLine: { show: false }, nameTextStyle: { color: COLOR.quiet, fontSize: 11, align: 'right', padding: [0, -36, 0, 0] } });
  const warm = temperature ? [line('Temperature (°C)', [], '#D55E00', { yAxisIndex: 1, lineStyle: { width: 1.3 } })] : [];
  if (days.length > 21) {
    const sun = days.map((day) => total(day.bins.map((bin) => (s('irradiance')[bin] || 0) * hoursOf(bins, bin))) / 1000);
    if (warm.length) warm[0].data = days.map((day) => mean(day.bins.map((bin) => temperature[bin])));
    figure(made, { title: 'Weather by day', note: 'irradiation of the horizontal, mean temperature', height: 220, option: {
      grid: { left: 62, right: 46, top: 44, bottom: 30 }, legend: legend({ left: 130, right: 60 }), tooltip: { ...tooltip(''), valueFormatter: (v) => num(v) },
      xAxis: caseAxis(labels), yAxis: [valueAxis('kWh/m² per day'), right],
      series: [{ name: 'Irradiation (kWh/m²)', type: 'bar', data: sun, color: '#F0C75E', barCategoryGap: '0%' }, ...warm] } });
    return;
  }
  const step = bins.step_min / 60, first = days[0].day;
  const points = (values) => days.flatMap((day) => day.bins.map((bin, index) => [(day.day - first) * 24 + day.hours[index] + step / 2, values[bin]]));
  if (warm.length) warm[0].data = points(temperature);
  figure(made, { title: 'Weather', note: 'irradiance of the horizontal, temperature', height: 220, option: {
    grid: { left: 62, right: 46, top: 44, bottom: 30 }, legend: legend({ left: 130, right: 60 }), tooltip: dayTooltip('', (hour) => labels[Math.floor(hour / 24)]),
    xAxis: bottomAxis({ min: 0, max: days.length * 24, interval: days.length > 2 ? 24 : 6, axisLabel: { align: 'left', formatter: (h) => (h % 24 === 0 && h < days.length * 24 ? labels[h / 24].slice(5) : days.length > 2 ? '' : `${two(h % 24)}:00`) }, splitLine: { show: true, lineStyle: { color: '#ECEFF2' } } }),
    yAxis: [valueAxis('W/m²'), right],
    series: [{ ...area('Irradiance (W/m²)', points(s('irradiance')), '#F0C75E'), stack: undefined }, ...warm] } });
}

// Asset by asset -----------------------------------------------------------------------------------------------------

function everyAsset(page, data) {
  const { assets } = data;
  const over = assets.mean_day ? 'the hours of a mean day' : 'the run';
  const made = section(page, 'Asset by asset', `Power over ${over}, + consumption and − production, on one scale per kind; communes differ so much in size that each has a scale of its own, up to the number beside it. Where something is stored, the thin dark line is the stored energy on the scale to the right.`);
  assets.groups.forEach((group) => smallMultiples(made, assets, group));
}

/** Least and largest of powers, in kW; what would be a hair's breadth has no part of the scale. */
function endsOfPower(list) {
  const power = largest(...list.map((one) => one.power_kw));
  return [Math.min, Math.max].map((end) => end(0, ...list.map((one) => end(...one.power_kw.map((v) => v || 0))))).map((end) => (Math.abs(end) < 0.03 * power ? 0 : end));
}

/** A small chart for each asset of a group. */
function smallMultiples(made, assets, { group, count, assets: list }) {
  const note = list.length < count ? `${list.length} of ${plain(count)}: from the one that moved least energy to the one that moved most, at even ranks` : `all ${plain(count)}`;
  const power = largest(...list.map((one) => one.power_kw)), energy = largest(...list.map((one) => one.stored_kwh));
  const scale = { ...unitFor(power, 'kW'), store: unitFor(energy, 'kWh'), energy, ends: list.map((one) => endsOfPower(group === 'commune' ? [one] : list)) };
  figure(made, { title: KINDS[group], note: `${note}; power in ${scale.unit}${energy ? `, stored energy in ${scale.store.unit}` : ''}`, height: (width) => Math.ceil(list.length / smallColumns(width)) * SMALL_PX + 8, alt: `${KINDS[group]}: small charts of power, ${note}`,
    option: (width) => smallOption(width, assets, group, list, scale) });
}

/** Height of a small chart with its name, and the room left of it. */
const SMALL_PX = 118, SMALL_LEFT_PX = 36;
const smallColumns = (width) => (width < 560 ? 2 : 4);

function smallOption(width, assets, group, list, { unit, by, store, energy, ends }) {
  const columns = smallColumns(width), cell = width / columns, hours = list[0].power_kw.length * assets.step_min / 60;
  const nice = (value) => (value === 0 ? 0 : Number(value.toPrecision(2)));
  // The last value holds until its interval ends.
  const points = (values, per) => [...values, values[values.length - 1]].map((value, index) => [index * assets.step_min / 60, value === null ? null : value / per]);
  const left = (index) => (index % columns) * cell + SMALL_LEFT_PX, top = (index) => Math.floor(index / columns) * SMALL_PX;
  const axis = (index, { axisLabel, ...more }) => ({ gridIndex: index, ...AXIS, splitLine: { show: false }, ...more, axisLabel: { ...AXIS.axisLabel, fontSize: 9.5, ...axisLabel } });
  const every = hours > 48 ? (hours > 120 ? 48 : 24) : 6;
  const ticks = (h) => (hours > 48 ? (h % every === 0 ? `${h / 24} d` : '') : two(h % 24));
  const powerAxis = (index) => {
    const [low, high] = ends[index].map((end) => nice(end / by));
    return axis(index, { type: 'value', min: low, max: high || (low < 0 ? 0 : 1), interval: Math.max(high, -low) || 1, axisLabel: { formatter: (v) => num(v, 2), showMaxLabel: true }, splitLine: { show: true, lineStyle: { color: '#ECEFF2' } } });
  };
  return {
    title: list.map((one, index) => ({ text: one.name || one.id, left: left(index) - 4, top: top(index) + 2, textStyle: { fontSize: 11, fontWeight: 600, color: COLOR.net, width: cell - SMALL_LEFT_PX, overflow: 'truncate' } })),
    grid: list.map((_, index) => ({ left: left(index), top: top(index) + 22, width: cell - SMALL_LEFT_PX - (energy ? 34 : 10), height: SMALL_PX - 46 })),
    tooltip: dayTooltip(''),
    xAxis: list.map((_, index) => axis(index, { type: 'value', min: 0, max: hours, interval: every, axisLine: { onZero: false, lineStyle: { color: '#B9C1CA' } }, axisLabel: { formatter: ticks, hideOverlap: true } })),
    yAxis: list.flatMap((_, index) => [powerAxis(index),
      axis(index, { type: 'value', show: Boolean(energy), min: 0, max: nice(energy / store.by) || 1, interval: nice(energy / store.by) || 1, position: 'right', axisLabel: { formatter: (v) => num(v, 2) } })]),
    series: list.flatMap((one, index) => [
      { ...area(`power (${unit})`, points(one.power_kw, by), GROUP_COLOR[group]), xAxisIndex: index, yAxisIndex: index * 2, step: 'end', stack: undefined, lineStyle: { width: 1, color: GROUP_COLOR[group] }, areaStyle: { opacity: .5 } },
      ...(one.stored_kwh ? [line(`stored (${store.unit})`, points(one.stored_kwh, store.by), COLOR.net, { xAxisIndex: index, yAxisIndex: index * 2 + 1, lineStyle: { width: 1 } })] : []),
    ]),
  };
}

// Numbers ------------------------------------------------------------------------------------------------------------

/** A cell with a key figure; the whole number stands in its attribute. */
function kpiCell({ value, unit, name }) {
  return el('td', { class: 'number', 'data-kpi': name, 'data-value': value === null ? '' : String(value) }, unit === 'share' && value !== null ? plain(value * 100, 2) : plain(value));
}
const unitName = (unit) => (unit === 'share' ? '%' : unit === 'count' ? '' : unit);

function keyFigures(page, { kpis }) {
  const made = section(page, 'Key figures');
  const of = (area) => kpis.filter((kpi) => kpi.area === area);
  const run = of('');
  made.append(table('Of the run', ['figure', 'value', 'unit', 'meaning'], run.map((kpi) => [kpi.label, kpiCell(kpi), unitName(kpi.unit), prose(kpi.description)]), [1], { 3: 'meaning' }));
  const areas = [...new Set(kpis.map((kpi) => kpi.area))].filter(Boolean);
  const isRule = (area) => area === 'market' || area.startsWith('compare_');
  const tables = (caption, some) => {
    for (let from = 0; from < some.length; from += 4) made.append(fits(table(caption, ...columnsOf(of, some.slice(from, from + 4)))));
  };
  tables('Of the market, and of rules it is compared with', areas.filter(isRule));
  tables('Of portfolios and the island', areas.filter((area) => !isRule(area)).sort((a, b) => (a === 'island') - (b === 'island') || a.localeCompare(b)));
}

/** Heads, rows and kinds of columns of a table with a column for each area; all have the figures of the first. */
function columnsOf(of, areas) {
  const figures = [...new Map(of(areas[0]).map((kpi) => [kpi.label, kpi])).values()];
  const cell = (area, label) => { const found = of(area).find((other) => other.label === label); return found ? kpiCell(found) : el('td', { class: 'number' }, '–'); };
  const rows = figures.map((kpi) => [kpi.label, ...areas.map((area) => cell(area, kpi.label)), unitName(kpi.unit), prose(kpi.description)]);
  return [['figure', ...areas.map(breakable), 'unit', 'meaning'], rows, areas.map((_, index) => index + 1), { [areas.length + 2]: 'meaning' }];
}

function faultsOf(page, { faults }) {
  if (!faults || !faults.listed.length) return;
  const made = section(page, 'Faults of devices', null, true);
  made.append(table(null, ['device', 'fault', 'since', 'until'], faults.listed.map((fault) => [fault.asset, el('code', {}, fault.fault), instant(fault.since_ms), fault.until_ms === null ? 'the end' : instant(fault.until_ms)]), []));
  if (faults.more) made.append(el('p', { class: 'quiet' }, `And ${plain(faults.more)} more: see the table faults.`));
}

function eventsOf(page, { events, head }) {
  const made = section(page, 'Events', null, true);
  if (events === null || events === undefined) made.append(el('p', { class: 'quiet' }, 'Events were not recorded.'));
  else if (!events.length) made.append(el('p', { class: 'quiet' }, 'Nothing was refused, dropped or overruled.'));
  else made.append(table(null, ['kind', 'times', 'participants', 'first', 'last', 'the first one'], events.map((event) => [el('code', {}, event.code), plain(event.count), plain(event.participants), instant(event.first_ms), instant(event.last_ms), event.example]), [1, 2]));
}
