// Single keys in lists and between pages. Rows are reached by moving the focus to their link, so that Enter opens it as
// always and a screen reader says where one is; nothing happens while somebody types, with Ctrl, Alt or Meta, or when
// switched off (WCAG 2.1.4), which the browser remembers.
(() => {
  const KEPT = 'lockgate.keys';
  const dialog = document.getElementById('keys');
  if (!dialog) return;
  const on = document.getElementById('keys-on');
  const kept = () => { try { return localStorage.getItem(KEPT); } catch { return null; } };
  on.checked = kept() !== 'off';
  on.addEventListener('change', () => {
    try { localStorage.setItem(KEPT, on.checked ? 'on' : 'off'); } catch { /* then it holds for this page */ }
  });
  document.getElementById('keys-open').addEventListener('click', () => dialog.showModal());

  // What takes letters itself: fields, and lists to choose from. A checkbox takes none.
  const types = (one) => one.isContentEditable || one.matches('textarea, select')
    || (one.matches('input') && !['checkbox', 'radio', 'button', 'submit'].includes(one.type));
  const rows = () => [...document.querySelectorAll('main tbody tr, main article.card')]
    .filter((row) => row.querySelector('a[href]') && row.checkVisibility());
  const here = () => document.activeElement.closest('tbody tr, article.card');
  const link = (row) => row.querySelector('th a[href]') || row.querySelector('a[href]');
  const move = (step) => {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(here());
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
    if (next < 0 || next >= all.length) return at >= 0; // at an end the focus stays
    link(all[next]).focus();
    all[next].scrollIntoView({ block: 'nearest' });
    return true;
  };
  const turn = (way) => {
    const to = document.querySelector(`main a[rel=${way}]`);
    if (to) location.assign(to.href);
    return Boolean(to);
  };
  const mark = () => {
    const box = here() && here().querySelector('input[type=checkbox]');
    if (box) box.click();
    return Boolean(box);
  };
  const search = () => {
    const field = document.querySelector('main input[type=search]');
    if (!field) location.assign('/search');
    else { field.focus(); field.select(); }
    return true;
  };
  const DONE = {
    j: () => move(1), k: () => move(-1), x: mark, '/': search, n: () => turn('next'), p: () => turn('prev'),
    '?': () => { dialog.showModal(); return true; },
    ArrowDown: () => Boolean(here()) && move(1), ArrowUp: () => Boolean(here()) && move(-1), // else they scroll
  };
  let gone = 0; // when g was pressed
  document.addEventListener('keydown', (event) => {
    const { key } = event;
    if (!on.checked || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    if (dialog.open || types(event.target)) return;
    const page = event.timeStamp - gone < 1500 && document.querySelector(`header [data-key="${CSS.escape(key)}"]`);
    gone = key === 'g' ? event.timeStamp : 0;
    if (page) location.assign(page.href);
    if (page || (Object.hasOwn(DONE, key) && DONE[key]())) event.preventDefault();
  });
  // The box that chooses all rows of this page, and how many are chosen.
  const all = document.getElementById('choose-all');
  const boxes = () => [...document.querySelectorAll('tbody input[name=identity]')];
  const count = document.getElementById('chosen-count');
  const told = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    if (all) { all.checked = chosen > 0 && chosen === boxes().length; all.indeterminate = chosen > 0 && !all.checked; }
    if (count) count.textContent = chosen ? `${chosen} chosen` : '';
  };
  if (all) {
    all.hidden = false; // without scripts it would do nothing
    all.addEventListener('change', () => { boxes().forEach((box) => { box.checked = all.checked; }); told(); });
  }
  document.addEventListener('change', (event) => { if (event.target.name === 'identity') told(); });
  addEventListener('pageshow', told); // a browser that goes back keeps what was chosen
})();
