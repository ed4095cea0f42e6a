
// Invoices -----------------------------------------------------------------------------------------------------------

// Lines of invoices: what they are called here, and their colours.
const INVOICED = {
  energy: ['traded', '#0072B2'], community: ['shared', '#56B4E9'], retail: ['retailer', '#8C96A1'], balancing: ['imbalance', '#D55E00'],
  'grid-fee': ['grid fees', '#009E73'], levy: ['levies', '#CC79A7'], standing: ['standing charges', '#E69F00'], contract: ['contracts', '#6B4C9A'],
};
const TAXES = ['taxes', '#3A4553'];
const lineName = (line) => (INVOICED[line] || [line.replaceAll('-', ' ')])[0];

/** What sites pay by month and line, the largest invoices, and contracts. */
function invoicesOf(page, { invoices }) {
  if (!invoices) return;
  const partial = invoices.months.some(({ is_partial: is }) => is);
  const made = section(page, 'Invoices', `What sites pay or receive by local month, taxes included${partial ? '; of months marked “part” not all slots are in the run' : ''}.`);
  const nameOf = ({ portfolio, sites }) => `${portfolio === null ? 'sites in no portfolio' : portfolio} (${counted(sites, 'site')})`;
  let chart = null;
  const tables = el('div');
  const show = (group) => {
    if (chart) chart.set(invoiceOption(invoices, group), `Invoices of ${nameOf(group)}`);
    tables.replaceChildren(...invoiceTables(invoices, group));
  };
  if (invoices.groups.length > 1) {
    const picker = choice('Portfolio', 'invoiced', invoices.groups.map((group, index) => [index, nameOf(group)]), (value) => show(invoices.groups[Number(value)]), 0);
    made.append(el('div', { class: 'bar' }, picker.label));
  }
  chart = figure(made, { title: `Invoices of ${nameOf(invoices.groups[0])}`, note: 'by month: what is owed to the right, what is due to the sites to the left', height: (room) => (room < 640 ? 104 : 84) + 40 * invoices.months.length, option: invoiceOption(invoices, invoices.groups[0]) });
  made.append(tables);
  show(invoices.groups[0]);
  contractsOf(made, invoices);
}

function invoiceOption({ months }, group) {
  const lines = group.lines.flatMap(({ line, owed, due }) => [owed, due].filter((side) => side.by_month_eur.some((v) => v)).map((side) => [INVOICED[line] || [lineName(line), COLOR.commune], side.by_month_eur]));
  if (group.tax_by_month_eur.some((v) => v)) lines.push([TAXES, group.tax_by_month_eur]);
  const { unit, by } = unitFor(largest(...lines.map(([, values]) => values)), 'EUR');
  const sums = months.map((_, month) => total(lines.map(([, values]) => values[month])) / by);
  const rows = months.map(({ month, is_partial: is }) => `${month}${is ? ' (part)' : ''}`);
  const names = [...new Set(lines.map(([[name]]) => name)), 'in all'];
  // Lines that are owed and due at once are told with both.
  const formatter = (list) => [safe(list[0].axisValue), ...list.filter(({ value }) => value).map(({ marker, seriesName, value }) => `${marker}${safe(seriesName)} <b style="float:right;margin-left:14px">${safe(num(Array.isArray(value) ? value[0] : value))} ${unit}</b>`)].join('<br>');
  return (room) => ({
    grid: { left: 112, right: 24, top: topFor(names, room) - 10, bottom: 30 }, legend: legend({ left: 112, data: [...names.slice(0, -1), { name: 'in all', icon: 'diamond' }] }), tooltip: { ...tooltip(unit), formatter, axisPointer: { type: 'shadow' } },
    xAxis: valueAxis(undefined, { position: 'bottom', axisLabel: { formatter: (v) => `${num(v, 5)} ${unit}` } }),
    yAxis: { ...caseAxis(rows), inverse: true, axisLine: { onZero: false, show: false } },
    series: [...lines.map(([[name, color], values]) => ({ name, type: 'bar', stack: 'month', stackStrategy: 'samesign', data: values.map((v) => (v || 0) / by), color, barMaxWidth: 26 })),
      { name: 'in all', type: 'scatter', data: sums.map((v, month) => [v, month]), symbol: 'diamond', symbolSize: 11, color: '#1F2630', itemStyle: { borderColor: '#fff', borderWidth: 1.5 }, z: 6 }],
  });
}

function invoiceTables({ months }, group) {
  const sum = (of) => total(group.lines.flatMap(({ owed, due }) => [owed[of], due[of]])), hasTax = sum('tax_eur') !== 0;
  const amounts = ({ net_eur: net, tax_eur: tax }) => (hasTax ? [euro(net), euro(tax), euro(net + tax)] : [euro(net)]);
  const whats = group.lines.flatMap(({ line, owed, due }) => [['owed by sites', owed], ['due to sites', due]].filter(([, of]) => of.net_eur || of.quantity_kwh)
    .map(([side, of]) => [lineName(line), unbroken(side), of.quantity_kwh ? fixed(of.quantity_kwh, 1) : '–', ...amounts(of)]));
  whats.push(['in all', '', '', ...amounts({ net_eur: sum('net_eur'), tax_eur: sum('tax_eur') })].map((cell) => el('b', {}, cell)));
  const whatHeads = ['line', '', 'energy (kWh)', ...(hasTax ? ['before tax (€)', 'tax (€)', 'with tax (€)'] : ['amount (€)'])];
  const used = group.lines.map(({ line }) => line);
  const heads = ['site', ...(months.length > 1 ? ['month'] : []), ...used.map((line) => `${lineName(line)} (€)`), ...(hasTax ? ['taxes (€)'] : []), 'in all (€)'];
  const row = (one) => [one.site, ...(months.length > 1 ? [unbroken(one.month)] : []), ...used.map((line) => (one.net_eur[line] === undefined ? '–' : euro(one.net_eur[line]))), ...(hasTax ? [euro(one.tax_eur)] : []), euro(one.total_eur)];
  const largestOnes = el('div', {}, fits(table('Largest invoices, − is paid to the site', heads, group.invoices.map(row), heads.map((_, column) => column).slice(months.length > 1 ? 2 : 1))));
  andMore(largestOnes, group.more_invoices, 'invoice', 'invoices');
  return [fits(table('What for', whatHeads, whats, whatHeads.map((_, column) => column).slice(2))), largestOnes];
}

function contractsOf(made, { contracts, more_contracts: more }) {
  if (!contracts.length) return;
  const flipped = (value) => (value === null ? '–' : euro(-value));
  const row = (one) => [one.name, unbroken(one.kind), one.seller, one.buyer, fixed(one.strike_eur_per_mwh, 2), flipped(one.seller_pays_eur), one.buyer_pays_eur === null ? '–' : euro(one.buyer_pays_eur)];
  made.append(fits(table('Contracts', ['contract', 'kind', 'seller', 'buyer', 'strike (EUR/MWh)', 'seller receives (€)', 'buyer pays (€)'], contracts.map(row), [4, 5, 6])));
  made.append(el('p', { class: 'quiet' }, 'What sellers receive and buyers pay is before tax, and of all contracts of that site together. The retailer gets no invoice.'));
  if (more) made.append(el('p', { class: 'quiet' }, `${plain(more)} more in run.json, section contract of the scenario.`));
}
