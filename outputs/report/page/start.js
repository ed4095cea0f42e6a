
// Draws the page that is wanted, and keeps its charts as wide as the window or the paper.
{
  const data = JSON.parse(document.getElementById('data').textContent);
  const page = document.getElementById('page');
  page.replaceChildren();
  (data.what === 'sweep' ? sweepPage : runPage)(page, data);
  page.append(el('footer', {}, `Made by cariflex ${data.head.engine}. Colours: Okabe and Ito's palette, safe for colour-blind readers. Charts: Apache ECharts 6.1.0 (Apache License 2.0). This page is complete: it loads nothing.`));
  let waiting = 0;
  window.addEventListener('resize', () => { clearTimeout(waiting); waiting = setTimeout(onScreen, 120); });
  window.addEventListener('beforeprint', onPaper);
  window.addEventListener('afterprint', onScreen);
  document.documentElement.dataset.ready = 'yes';
}
