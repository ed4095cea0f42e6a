
// The page of a sweep.

function sweepPage(page, data) {
  page.append(el('h1', {}, data.head.name));
}
