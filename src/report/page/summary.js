// All of the page but the machines.

function byId(id) {
  return document.getElementById(id);
}

function showHeading(data) {
  const customers = data.customers.map((customer) => customer.name).filter((name) => name);
  const whose = customers.length === 1 ? customers[0] : customers.length > 1 ? count(customers.length, 'customer') : '';
  byId('subtitle').append(...(whose ? [shown(whose), ' · '] : []), `${count(data.machines.length, 'machine')} · made on `,
                          `${time(data.made)} UTC`);
  document.title = whose ? `Recovery report: ${whose}` : 'Recovery report';
}

function showStates(data, filter) {
  const totals = STATES.map((state) => data.machines.filter((machine) => machine.state === state).length);
  STATES.forEach((state, i) => {
    if (i === 3 && !data.hasHosts) return;
    const tile = element('button', {type: 'button', class: `tile ${state.className}`, 'aria-pressed': 'false'},
      element('b', {}, totals[i].toLocaleString('en')), element('span', {}, `${state.mark} ${state.title}`));
    tile.addEventListener('click', () => filter.toggleState(state));
    state.tile = tile;
    byId('states').append(tile);
    if (!totals[i]) return;
    const part = element('i', {class: state.className, title: `${state.title}: ${totals[i]}`});
    part.style.flexGrow = totals[i];
    byId('progress').append(part);
  });
  const known = data.machines.filter((machine) => machine.visitCount).map((machine) => machine.seconds).sort((a, b) => a - b);
  const facts = [];
  if (known.length) {
    const most = (part) => minutes(Math.max(known[Math.ceil(known.length * part) - 1], 6));
    facts.push(`Half of the machines took at most ${most(0.5)} minutes, nine of ten at most ${most(0.9)}` +
               (data.sticks.length ? ' (from the start of the stick to the verdict)' : ''));
  }
  if (!data.hasHosts) facts.push('machines that nobody has seen can be told with a list of hosts (--hosts)');
  byId('figures').append(facts.length ? `${facts.join('; ')}.` : '');
}

function showWarnings(data) {
  const warn = (...parts) => byId('warnings').append(element('p', {class: 'notice'}, ...parts));
  const leftOut = data.findings.filter((finding) => finding[3]).length;
  if (leftOut) {
    warn(`${count(leftOut, 'log is', 'logs are')} left out of this report. `, element('a', {href: '#logs'}, 'Which, and why'));
  }
  const wrong = data.machines.filter((machine) => machine.rows.some((visit) => visit[6] === WHEN.WRONG)).length;
  if (wrong) warn(`The clock of ${count(wrong, 'machine')} must be wrong; what is shown is what the runs before and after tell.`);
}

function showCustomers(data, filter) {
  if (data.customers.length < 2) return;
  const headings = ['Customer', 'Machines', ...STATES.filter((_, i) => i < 3 || data.hasHosts).map((state) => state.title)];
  const rows = data.customers.map(({name, counts}) => {
    const button = element('button', {type: 'button'}, shown(name || '(none named)'));
    button.addEventListener('click', () => filter.setCustomer(name));
    return [button, counts.reduce((a, b) => a + b), ...(data.hasHosts ? counts : counts.slice(0, 3))];
  });
  byId('customers').append(plainTable('Customers', headings, rows));
}

function showReasons(data, filter) {
  if (!data.reasons.length) {
    byId('reasons').append(element('p', {}, 'Nothing: every machine that was seen is fixed or not affected.'));
    return;
  }
  for (const group of data.reasons) {
    const button = element('button', {type: 'button'}, `Show ${group.machines.length === 1 ? 'it' : `these ${group.machines.length}`}`);
    button.addEventListener('click', () => filter.setReason(group));
    byId('reasons').append(element('div', {class: 'reason'},
      element('h3', {}, `${count(group.machines.length, 'machine')}: `, shown(group.verdict)),
      group.reason ? element('p', {}, boxed(group.reason, 'Reason')) : null,
      element('p', {}, element('b', {}, 'What to do: '), shown(group.remedy || 'See the machines.')), button));
  }
}

// --- the time line ---

const STEPS = [1 / 12, 1 / 4, 1 / 2, 1, 2, 3, 6, 12, 24, 48, 168, 720, 8760].map((hours) => hours * 3600);

function stepName(seconds) {
  for (const [unit, name] of [[86400, 'day'], [3600, 'hour'], [60, 'minute']]) {
    if (seconds >= unit) return seconds === unit ? name : `${seconds / unit} ${name}s`;
  }
  return '';
}

// How many machines reached their state in each step of time; those whose time is not known apart.
function timeBuckets(data) {
  const known = data.machines.filter((machine) => machine.last !== null && machine.lastKind < WHEN.WRONG);
  if (!known.length) return {step: 0, buckets: []};
  let first = Infinity, last = -Infinity;
  for (const machine of known) {
    first = Math.min(first, machine.last);
    last = Math.max(last, machine.last);
  }
  const step = STEPS.find((seconds) => (last - first) / seconds < 40) || STEPS[STEPS.length - 1];
  const start = Math.floor(first / step) * step;
  const buckets = Array.from({length: Math.min(Math.floor((last - start) / step) + 1, 400)}, (_, i) =>
    ({from: start + i * step, counts: [0, 0, 0]}));
  for (const machine of known) {
    const bucket = buckets[Math.floor((machine.last - start) / step)];
    const state = STATES.indexOf(machine.state);
    if (bucket && state < 3) ++bucket.counts[state];
  }
  return {step, buckets};
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function chartOf(buckets, label) {
  const width = 960, height = 200, left = 44, bottom = 24, top = 8;
  const most = Math.max(...buckets.map((bucket) => bucket.counts.reduce((a, b) => a + b)), 1);
  const room = height - bottom - top, column = (width - left) / Math.max(buckets.length, 12);
  const chart = svg('svg', {class: 'chart', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label});
  for (const part of [0, 0.5, 1]) {
    const value = Math.round(most * part), y = height - bottom - room * value / most;
    chart.append(svg('line', {x1: left, x2: width, y1: y, y2: y}),
                 svg('text', {x: left - 6, y: y + 4, 'text-anchor': 'end'}, value.toLocaleString('en')));
  }
  const every = Math.ceil(110 / column);
  buckets.forEach((bucket, i) => {
    let y = height - bottom;
    bucket.counts.forEach((value, state) => {
      const tall = room * value / most;
      y -= tall;
      if (value) {
        chart.append(svg('rect', {class: STATES[state].className, x: left + i * column + 1, y, width: Math.max(column - 2, 1),
                                  height: tall}, svg('title', {}, `${time(bucket.from)}: ${value} ${STATES[state].name}`)));
      }
    });
    if (i % every === 0) chart.append(svg('text', {x: left + i * column, y: height - 6}, time(bucket.from)));
  });
  return chart;
}

function showTimeLine(data) {
  const box = byId('time-line'), {step, buckets} = timeBuckets(data);
  const without = data.machines.filter((machine) => machine.visitCount && (machine.last === null || machine.lastKind === WHEN.WRONG));
  if (buckets.length) {
    const label = `Machines by the time of their last visit, one column for each ${stepName(step)}, from ${time(buckets[0].from)} on`;
    box.append(chartOf(buckets, label),
      element('div', {class: 'legend'}, ...STATES.slice(0, 3).map(chip)),
      element('details', {}, element('summary', {}, 'The same as a table'),
        plainTable(label, ['From (UTC)', 'Fixed', 'Not affected', 'Needs someone'],
                   buckets.filter((b) => b.counts.some((n) => n)).map((b) => [time(b.from), ...b.counts]))));
  } else {
    box.append(element('p', {}, 'No time is known.'));
  }
  if (without.length) {
    box.append(element('p', {class: 'quiet'}, `Not in the picture: ${count(without.length, 'machine')} whose clock must be wrong.`));
  }
}

// --- lists ---

function linkTo(data, index) {
  const machine = data.machines[index];
  return element('a', {href: `#machine-${index}`}, shown(nameOf(machine)));
}

// A long table is folded up; it opens when it is printed.
function folded(title, content, isLong) {
  return isLong ? element('details', {class: 'fold'}, element('summary', {}, title), content) : content;
}

function showKeys(data) {
  if (!data.keys.length) {
    byId('keys').append(element('p', {}, 'None: no recovery password was used.'));
    return;
  }
  byId('keys').append(
    element('p', {}, `${count(data.keys.length, 'recovery password was', 'recovery passwords were')} used, so that people have seen ` +
      'them. Change them when the machines run again; `mendstick keys rotate` makes the commands for it.'),
    folded(`Show all ${data.keys.length}`, plainTable('Recovery keys to change',
      ['Machine', 'Customer', 'Key ID', 'Drive', 'Used (UTC)'],
      data.keys.map((key) => [linkTo(data, key.machine), data.machines[key.machine].customer, shown(key.id, 'mono'), key.volume,
                              time(key.used)])), data.keys.length > 20));
}

function showSticks(data) {
  if (!data.sticks.length) {
    byId('sticks').append(element('p', {}, 'No log is from a stick: `mend` was run on a technician’s own computer.'));
    return;
  }
  byId('sticks').append(plainTable('Sticks',
    ['Stick', 'Customer', 'Image', 'Runs', 'Machines', 'Fixed', 'First (UTC)', 'Last (UTC)', 'Wrong clocks'],
    data.sticks.map((s) => [shown(s.id, 'mono'), s.customer, shown(s.image.slice(0, 8), 'mono'), s.runs, s.machines, s.fixed,
                            time(s.first), time(s.last), s.wrongClocks])));
}

function showVersions(data) {
  if (data.manifests.length) {
    byId('versions').append(plainTable('Manifests', ['Manifest', 'Version', 'SHA-256', 'Runs'],
      data.manifests.map(([id, version, hash, runs]) => [id, version, shown(hash, 'mono'), runs])));
  }
  const tools = Object.entries(data.tools);
  if (tools.length) byId('versions').append(plainTable('Programs', ['Program', 'Runs'], tools));
  if (!data.manifests.length && !tools.length) byId('versions').append(element('p', {}, 'None.'));
}

function showLogs(data) {
  const {files, whole, duplicates} = data.logs, box = byId('logs');
  box.append(element('p', {}, `${count(files, 'file')}: ${count(whole, 'whole log')}` +
    (duplicates ? ` (${count(duplicates, 'copy', 'copies')} of another)` : '') + `, ${data.findings.length} with something wrong.`));
  if (data.findings.length) {
    box.append(plainTable('Logs with something wrong', ['Log', 'What', 'Why', 'In this report'],
      data.findings.map(([kind, log, why, leftOut]) => [boxed(log, 'Log', 'mono'), kind, boxed(why, 'Why'),
                                                         leftOut ? 'left out' : 'as far as it goes'])));
  }
  if (data.missing.length) {
    box.append(element('p', {}, 'Runs that were on a stick before others, and whose logs are not here: ',
                       shown(data.missing.slice(0, 100).join(', '), 'mono')));
  }
}
