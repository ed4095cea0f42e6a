
// Plans and forecasts ------------------------------------------------------------------------------------------------

const REASONS = {
  first: 'none before', ended: 'the last one ended', day: 'a new day', slot: 'a new slot', forecast: 'the rest departs from the forecast',
  arrival: 'a vehicle came', departure: 'a vehicle left', price: 'prices', limit: 'a limit', device: 'a device departs from the plan',
};

/** What was planned and forecast, and what came of it. */
function plansOf(page, { plans }) {
  if (!plans) return;
  const made = counted(total(Object.values(plans.reasons)), 'plan');
  const why = Object.entries(plans.reasons).sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${REASONS[reason] || reason} (${plain(count)})`);
  const at = section(page, 'Plans and forecasts', `The energy manager made ${made}: ${why.join(', ')}. It forecasts what the portfolio takes besides the storage it plans, from nothing but what was metered before.`);
  plans.fans.forEach((fan) => fanOf(at, fan));
  if (plans.slots) planAgainstActual(at, plans.slots);
  regretByDay(at, plans.days);
  scoresOf(at, plans.scores);
}

/** Hours since the local midnight before the first of these instants, and the labels of its days. */
function hoursSince(local, ends) {
  const first = Math.floor(local[0] / 86400000), hours = local.map((ms) => (ms - first * 86400000) / 3600000);
  const days = Math.max(1, Math.ceil(((ends || local[local.length - 1]) - first * 86400000) / 86400000 - 1e-6));
  const labels = Array.from({ length: days }, (_, day) => dateOf((first + day) * 86400000));
  const axis = days > 2
    ? bottomAxis({ min: 0, max: days * 24, interval: 24, axisLabel: { align: 'left', formatter: (h) => (h < days * 24 ? labels[h / 24].slice(9) : '') }, splitLine: { show: true, lineStyle: { color: '#ECEFF2' } } })
    : bottomAxis({ min: Math.floor(hours[0] / 3) * 3, max: Math.ceil(hours[hours.length - 1] / 3) * 3, interval: 3, axisLabel: { formatter: (h) => `${two(h % 24)}:00` } });
  return { hours, axis, day: (hour) => labels[Math.floor(hour / 24)] };
}

/** A forecast as a fan of three bands, with what came. */
function fanOf(parent, { why, issued_local_ms: issued, error_kw: error, local_ms: local, expected_kw: expected, came_kw: came, edges_kw: edges }) {
  const { hours, axis, day } = hoursSince(local);
  const { unit, by } = unitFor(largest(expected, came, edges[0], edges[5]), 'kW');
  const points = (values) => hours.map((hour, index) => [hour, values[index] === null ? null : values[index] / by]);
  // A band is what lies between its lower edge, which is not drawn, and its upper one; narrower ones lie on wider ones.
  const band = (name, low, high, color) => {
    const part = (of, more) => ({ ...line(name, of, color, { lineStyle: { width: 0, opacity: 0 } }), stack: name, stackStrategy: 'all', silent: true, ...more });
    return [part(points(edges[low]), { name: `${name} from` }), part(points(edges[high].map((v, index) => v - edges[low][index])), { areaStyle: { color, opacity: 1 } })];
  };
  const bands = ['90 % band', '80 % band', '50 % band'];
  const drawn = dayTooltip(unit, day);
  const formatter = (list) => drawn.formatter(list.filter(({ seriesName }) => !/band/.test(seriesName)));
  figure(parent, { title: `What was expected at ${clock((issued % 86400000) / 3600000)} of ${dateOf(issued)}, and what came`, note: `${why}: ${num(error, 3)} kW in the mean`, height: 270, option: {
    grid: { left: 62, right: 16, top: 44, bottom: 34 }, legend: legend({ data: ['came', 'expected', ...bands] }), tooltip: { ...drawn, formatter }, xAxis: axis, yAxis: valueAxis(unit),
    series: [...band(bands[0], 0, 5, '#DCEAF4'), ...band(bands[1], 1, 4, '#BCD7E9'), ...band(bands[2], 2, 3, '#8FB9D6'),
      line('expected', points(expected), COLOR.accent, { lineStyle: { type: 'dashed', width: 1.6 } }), line('came', points(came), COLOR.net)] } });
}

/** Power of all planned storage: by the plan in force, and as it was. */
function planAgainstActual(parent, { local_ms: local, minutes, planned_kw: planned, storing_kw: actual }) {
  const { hours, axis, day } = hoursSince(local, local[local.length - 1] + minutes * 60000);
  const { unit, by } = unitFor(largest(planned, actual), 'kW');
  const points = (values) => hours.map((hour, index) => [hour, values[index] === null ? null : values[index] / by]);
  figure(parent, { title: 'Storage by plan, and as it was', note: 'all that is planned; charging upwards. Where a plan brings the portfolio to zero, batteries follow the meter instead', height: 240, option: {
    grid: { left: 62, right: 16, top: 44, bottom: 34 }, legend: legend(), tooltip: dayTooltip(unit, day), xAxis: axis, yAxis: valueAxis(unit),
    series: [{ ...area('actual', points(actual), COLOR.battery), stack: undefined, step: 'end', areaStyle: { opacity: .45 } }, line('planned', points(planned), COLOR.net, { step: 'end', lineStyle: { width: 1.2 } })] } });
}

function regretByDay(parent, days) {
  if (!days.length) return;
  const sum = (of) => total(days.map((day) => day[of]));
  figure(parent, { title: 'Regret by day', note: `what the portfolio cost (${num(sum('cost_eur'))} €) less what it could have cost with batteries in perfect foresight (${num(sum('best_eur'))} €): ${num(sum('regret_eur'), 3)} € in all`, height: 200, option: {
    grid: { left: 62, right: 16, top: 34, bottom: 30 }, tooltip: tooltip('€'), xAxis: caseAxis(days.map(({ local_ms: ms }) => dateOf(ms).slice(4))), yAxis: valueAxis('€'),
    series: [{ name: 'regret', type: 'bar', data: days.map((day) => day.regret_eur), color: '#8FB9D6', barMaxWidth: 60, barCategoryGap: '25%' }] } });
}

function scoresOf(parent, scores) {
  if (!scores.length) return;
  const time = (minutes) => (minutes < 120 ? `${plain(minutes)} min` : `${plain(minutes / 60, 2)} h`);
  const lead = (of) => (of.lead_from_min === of.lead_to_min ? time(of.lead_to_min) : `${of.lead_to_min < 120 ? plain(of.lead_from_min) : time(of.lead_from_min)} to ${time(of.lead_to_min)}`);
  const percent = (share) => (share === null ? '–' : `${num(share * 100, 3)} %`);
  const heads = ['ahead', 'scored', 'MAE (kW)', 'RMSE (kW)', 'bias (kW)', 'CRPS (kW)', 'skill against persistence', 'against the day before', 'within the 80 % band'];
  const row = (of) => [unbroken(lead(of)), plain(of.outcomes), ...['mae_kw', 'rmse_kw', 'bias_kw', 'crps_kw'].map((name) => num(of[name], 3)), percent(of.skill_persistence_share), percent(of.skill_day_before_share), percent(of.coverage_80_share)];
  parent.append(fits(table('How good forecasts were, by how far ahead', heads, scores.map(row), heads.map((_, column) => column).slice(1))));
}
