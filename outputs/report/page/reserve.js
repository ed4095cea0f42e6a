
// Reserve ------------------------------------------------------------------------------------------------------------

// Upward and downward: what was offered or called, and what was accepted or delivered of it.
const RESERVE = { up: ['upward', '#C3DBEB', COLOR.accent], down: ['downward', '#F8E2B5', COLOR.pv] };

/** What was tendered and accepted, called and delivered, and what was paid for it. */
function reserveOf(page, { reserve }) {
  if (!reserve) return;
  const wanted = reserve.directions.filter(({ wanted_kw: kw }) => kw).map(({ direction, wanted_kw: kw }) => `${plain(kw)} kW ${RESERVE[direction][0]}`);
  const made = section(page, 'Reserve', `The network operator wanted ${wanted.join(' and ')}, in ${counted(reserve.windows, 'window')}. Upward is less consumption or more production.`);
  const labels = reserve.local_ms.map((ms) => `${dateOf(ms).slice(9)}${reserve.by_day ? '' : ` ${clock((ms % 86400000) / 3600000)}`}`);
  const per = reserve.by_day ? 'by day' : 'by window';
  reserveBars(made, reserve, labels, { title: `Offered and accepted ${per}`, note: reserve.by_day ? 'means over the hours of the windows' : null, unit: 'kW', of: ['offered', 'accepted'], lines: true });
  reserveBars(made, reserve, labels, { title: `Called and delivered ${per}`, note: 'what is pale was called and not delivered', unit: 'kWh', of: ['called', 'delivered'] });
  reserveTables(made, reserve);
}

/** Bars up and down; the part before the whole. */
function reserveBars(parent, { directions }, labels, { title, note, unit: base, of, lines }) {
  const suffix = base === 'kW' ? 'kw' : 'kwh', values = (one, name) => one[`${name}_${suffix}`];
  const known = directions.filter((one) => largest(values(one, of[0])) > 0);
  if (!known.length) return;
  const { unit, by } = unitFor(largest(...known.map((one) => values(one, of[0]))), base);
  const sign = ({ direction }) => (direction === 'up' ? 1 : -1);
  const mark = (one) => ({ yAxis: sign(one) * one.wanted_kw / by, label: { show: true, position: 'end', formatter: 'wanted', color: COLOR.net, fontSize: 11 } });
  const bars = (one, name, color) => ({ name: `${name} ${RESERVE[one.direction][0]}`, type: 'bar', data: values(one, name).map((v) => sign(one) * v / by), color, barGap: '-100%', barCategoryGap: '22%', barMaxWidth: 46 });
  const series = known.flatMap((one) => [bars(one, of[0], RESERVE[one.direction][1]), bars(one, of[1], RESERVE[one.direction][2])]);
  const marks = lines ? known.filter(({ wanted_kw: kw }) => kw).map(mark) : [];
  const most = niceAbove(Math.max(largest(...known.map((one) => values(one, of[0]))) / by, ...marks.map(({ yAxis }) => Math.abs(yAxis))));
  const end = (direction) => (known.some((one) => one.direction === direction) ? most : 0);
  if (marks.length) series[series.length - 1].markLine = { symbol: ['none', 'none'], silent: true, lineStyle: { color: COLOR.net, type: 'dashed', width: 1.2 }, data: marks };
  figure(parent, { title, note, height: 230, option: (room) => ({
    grid: { left: 62, right: marks.length ? 58 : 16, top: topFor(series.map(({ name }) => name), room), bottom: 30 }, legend: legend({ left: 62 }), tooltip: { ...tooltip(unit), valueFormatter: (v) => `${num(Math.abs(v))} ${unit}` },
    xAxis: caseAxis(labels, { axisLine: { onZero: false, lineStyle: { color: '#B9C1CA' } } }), yAxis: valueAxis(`${unit}, ↑ upward ↓ downward`, { max: end('up'), min: -end('down'), interval: most / 2, axisLabel: { formatter: (v) => num(Math.abs(v), 5) } }), series }) });
}

/** The next number that makes a good end of an axis. */
function niceAbove(value) {
  const scale = 10 ** Math.floor(Math.log10(value));
  return scale * [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].find((step) => step * scale >= value * (1 - 1e-9));
}

function reserveTables(made, { directions, units, more_units: more }) {
  const heads = ['offers', 'accepted', 'held (kW·h)', 'called (kWh)', 'delivered (kWh)', 'delivered of it', 'paid for holding (€)', 'paid for energy (€)', 'fined (€)', 'in all (€)'];
  const row = (sums) => [plain(sums.offers), plain(sums.accepted), fixed(sums.held_kwh, 1), fixed(sums.called_kwh, 1), fixed(sums.delivered_kwh, 1), percentOf(sums.delivered_kwh, sums.called_kwh), euro(sums.capacity_eur), euro(sums.energy_eur), euro(sums.fines_eur), euro(sums.total_eur)];
  const numbers = heads.map((_, column) => column + 1);
  const there = directions.filter(({ sums }) => sums.offers > 0);
  made.append(fits(table('By direction', ['', ...heads], there.map(({ direction, sums }) => [RESERVE[direction][0], ...row(sums)]), numbers)));
  made.append(fits(table('By unit', ['', ...heads], units.map((sums) => [sums.unit, ...row(sums)]), numbers)));
  andMore(made, more, 'unit', 'reserve', 'those that were fined come first, then those that held most');
}
