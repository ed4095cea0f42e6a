
// The flexibility market ---------------------------------------------------------------------------------------------

const FLEXIBILITY = [['requested', '#A3ABB5'], ['offered', '#E69F00'], ['ordered', '#56B4E9'], ['delivered', '#0072B2']];

/** What the network operator asked for and ordered, what was delivered, and what became of the congestion. */
function flexibilityOf(page, { flexibility: of }) {
  if (!of) return;
  const { sums } = of, limits = [['import', of.import_limit_kw], ['export', of.export_limit_kw]].filter(([, kw]) => kw !== null && kw !== undefined);
  const made = section(page, 'Flexibility market', `At ${of.congestion_point}${limits.map(([way, kw], at) => `${at ? ' and' : ','} ${way} is to stay under ${plain(kw)} kW`).join('')}. Beyond a limit: ${num(sums.excess_before_kwh, 3)} kWh without what was ordered, ${num(sums.excess_kwh, 3)} kWh as metered. Paid for flexibility: ${euro(sums.payment_eur)} €; fined for what was missing: ${euro(sums.penalty_eur)} €.`);
  congestionOf(made, of);
  const by = of.days.map(({ day_ms: ms }) => dateOf(ms).slice(4));
  const scaled = unitFor(largest(...FLEXIBILITY.map(([name]) => of.days.map((day) => day[`${name}_kwh`]))), 'kWh');
  figure(made, { title: 'Flexibility by day', note: 'without sign', height: 220, option: {
    grid: { left: 62, right: 16, top: 50, bottom: 30 }, legend: legend({ left: 62 }), tooltip: tooltip(scaled.unit), xAxis: caseAxis(by), yAxis: valueAxis(scaled.unit),
    series: FLEXIBILITY.map(([name, color]) => ({ name, type: 'bar', data: of.days.map((day) => day[`${name}_kwh`] / scaled.by), color, barGap: '8%', barCategoryGap: '30%', barMaxWidth: 26 })) } });
  flexibilityTables(made, of);
}

/** The load of the congestion point over a day, with and without what was ordered. */
function congestionOf(made, of) {
  const { unit, by } = unitFor(largest(...of.loads.flatMap((day) => [day.load_before_kw, day.load_kw])), 'kW');
  const option = (index) => {
    const day = of.loads[index];
    // Rows are not of all ISPs: a line ends where the next one is missing.
    const points = (values) => day.hour.flatMap((hour, at) => {
      const end = hour + day.length_h[at], follows = Math.abs((day.hour[at + 1] ?? Infinity) - end) < 1e-3;
      return [[hour, values[at] / by], [end, values[at] / by], ...(follows ? [] : [[end, null]])];
    });
    const marks = [[of.import_limit_kw, 1, 'limit'], [of.export_limit_kw, -1, 'limit of export']].filter(([kw, sign]) => kw !== null && kw !== undefined && day.load_before_kw.some((v) => sign * v > 0))
      .map(([kw, sign, words]) => ({ yAxis: sign * kw / by, label: { show: true, position: 'insideStartTop', formatter: words, color: COLOR.alarm, fontSize: 11 } }));
    const hours = [Math.floor(Math.min(...day.hour)), Math.ceil(Math.max(...day.hour.map((hour, at) => hour + day.length_h[at])) - 1e-6)];
    const every = hours[1] - hours[0] > 8 ? 3 : 1;
    const ends = [Math.floor(hours[0] / every) * every, Math.ceil(hours[1] / every) * every];
    return { grid: { left: 62, right: 16, top: 50, bottom: 34 }, legend: legend({ left: 62, data: ['without what was ordered', 'as metered'] }), tooltip: dayTooltip(unit), xAxis: hourAxis({ min: ends[0], max: ends[1], interval: every }),
      yAxis: valueAxis(unit, { scale: true }),
      series: [line('without what was ordered', points(day.load_before_kw), '#8C96A1', { lineStyle: { type: 'dashed', width: 1.6 } }),
        line('as metered', points(day.load_kw), COLOR.accent, { markLine: { symbol: ['none', 'none'], silent: true, lineStyle: { color: COLOR.alarm, type: 'solid', width: 1.2 }, data: marks } })] };
  };
  const words = (index) => `Load of ${of.congestion_point}, ${dateOf(of.loads[index].day_ms)}`;
  let chart = null;
  if (of.loads.length > 1) {
    const picker = choice('Day', 'congestion', of.loads.map(({ day_ms: ms }, index) => [index, dateOf(ms)]), (value) => chart.set(option(Number(value)), words(Number(value))), 0);
    made.append(el('div', { class: 'bar' }, picker.label));
  }
  chart = figure(made, { title: words(0), note: 'where flexibility was asked for or a limit exceeded; days with most beyond the limit first', height: 250, option: option(0) });
}

function flexibilityTables(made, of) {
  const energies = ['offered (kWh)', 'ordered (kWh)', 'delivered (kWh)', 'delivered of it', 'paid (€)', 'fined (€)'];
  const row = (sums) => [fixed(sums.offered_kwh, 1), fixed(sums.ordered_kwh, 1), fixed(sums.delivered_kwh, 1), percentOf(sums.delivered_kwh, sums.ordered_kwh), euro(sums.payment_eur), euro(sums.penalty_eur)];
  made.append(fits(table('By aggregator', ['', ...energies], of.aggregators.map((sums) => [sums.aggregator, ...row(sums)]), energies.map((_, column) => column + 1))));
  andMore(made, of.more_aggregators, 'aggregator', 'flexibility', 'those of whom most was ordered come first');
  const heads = ['ISP', 'load without (kW)', 'beyond the limit (kW)', 'requested (kW)', 'offered (kW)', 'ordered (kW)', 'delivered (kW)', 'still beyond (kW)', 'paid (€)', 'fined (€)'];
  const isp = (one) => [unbroken(`${dateOf(one.local_ms).slice(4)} ${clock((one.local_ms % 86400000) / 3600000)}`), ...['load_before', 'excess_before', 'requested', 'offered', 'ordered', 'delivered', 'excess'].map((name) => plain(one[`${name}_kw`], 0)), euro(one.payment_eur), euro(one.penalty_eur)];
  made.append(fits(table('ISPs farthest beyond a limit without what was ordered; − is less consumption', heads, of.worst.map(isp), heads.map((_, column) => column).slice(1))));
  andMore(made, of.more_isps, 'ISP', 'flexibility');
}
