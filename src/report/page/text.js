'use strict';
// Text out of logs becomes text on the page: never markup. Everything goes through here.

// What would be invisible, or would turn the text around it: shown by its number instead.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
const LONG = 400;  // characters; a longer text gets a box of its own that scrolls

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// The text, isolated from the direction of what stands around it.
function shown(text, className = '') {
  // A word that is longer than a cell is broken anywhere; others only between words.
  const box = element('bdi', {class: [className, /\S{28}/.test(text) ? 'breaks' : ''].join(' ').trim() || null});
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > from) box.append(text.slice(from, match.index));
    const number = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    box.append(element('span', {class: 'code', title: 'a character that does not show'}, `U+${number}`));
    from = match.index + match[0].length;
  }
  if (from < text.length) box.append(text.slice(from));
  return box;
}

// The same, for texts of any length. `what` names it for who cannot see it.
function boxed(text, what, className = '') {
  if (text.length <= LONG) return shown(text, className);
  return element('div', {class: 'long', tabindex: 0, role: 'region', 'aria-label': `${what}, ${text.length} characters`},
                 shown(text, className));
}

function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

// Seconds since 1970 → "2026-11-26 03:20".
function time(seconds) {
  return seconds === null ? '' : new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
}

function minutes(seconds) {
  return seconds < 6 ? '< 0.1' : (seconds / 60).toFixed(seconds < 600 ? 1 : 0);
}

function size(bytes) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; ++unit) bytes /= 1024;
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${units[unit]}`;
}

// A table with a heading for each column. A cell is a text, a number or an element.
function plainTable(caption, headings, rows) {
  const cell = (value) => element('td', typeof value === 'number' ? {class: 'number'} : {},
                                  typeof value === 'string' ? shown(value) :
                                  typeof value === 'number' ? value.toLocaleString('en') : value);
  return element('div', {class: 'scroll', role: 'region', 'aria-label': `Table: ${caption}`, tabindex: 0},
    element('table', {},
      element('caption', {class: 'hidden'}, caption),
      element('thead', {}, element('tr', {}, ...headings.map((heading, i) => element('th',
        {scope: 'col', class: rows.length && typeof rows[0][i] === 'number' ? 'number' : null}, heading)))),
      element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map(cell))))));
}
