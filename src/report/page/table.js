// The machines: search, filters, sorting, pages of the table.

const ROWS = 50;  // on a page of the table
const collator = new Intl.Collator('en', {numeric: true, sensitivity: 'base'});

const COLUMNS = [
  {title: 'Machine', compare: (a, b) => collator.compare(a.sortName, b.sortName)},
  {title: 'State', compare: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state)},
  {title: 'Verdict', compare: (a, b) => collator.compare(a.verdict, b.verdict)},
  {title: 'Customer', compare: (a, b) => collator.compare(a.customer, b.customer)},
  {title: 'Model', compare: (a, b) => collator.compare(a.model, b.model)},
  {title: 'Windows', compare: (a, b) => collator.compare(a.product + a.build, b.product + b.build)},
  {title: 'Last seen (UTC)', compare: (a, b) => a.order - b.order},
  {title: 'Minutes', compare: (a, b) => a.seconds - b.seconds, number: true},
];

class MachineTable {
  constructor(data) {
    this.data = data;
    this.page = 0;
    this.sort = {column: null, down: false};
    this.state = null;
    this.reason = null;
    this.shownMachines = data.machines;
    this.hasCustomers = data.customers.length > 1;
    this.columns = COLUMNS.filter((column) => column.title !== 'Customer' || this.hasCustomers);
    data.machines.forEach((machine, i) => {
      machine.order = i;  // they come in the order of their last visit
      machine.sortName = nameOf(machine);
    });
    this.makeHead();
    this.makeFilters();
  }

  makeHead() {
    byId('table').tHead.append(element('tr', {}, ...this.columns.map((column) => {
      const button = element('button', {type: 'button'}, column.title);
      column.head = element('th', {scope: 'col', 'aria-sort': 'none', class: column.number ? 'number' : null}, button);
      button.addEventListener('click', () => this.sortBy(column));
      return column.head;
    })));
  }

  makeFilters() {
    byId('state').append(element('option', {value: ''}, 'all'),
      ...STATES.filter((_, i) => i < 3 || this.data.hasHosts).map((state) => element('option', {value: state.name}, state.name)));
    byId('customer').append(element('option', {value: '*'}, 'all'),
      ...this.data.customers.map((customer) => element('option', {value: customer.name}, customer.name || '(none named)')));
    byId('customer-label').hidden = !this.hasCustomers;
    byId('filters').addEventListener('submit', (event) => event.preventDefault());
    byId('search').addEventListener('input', () => this.apply());
    byId('state').addEventListener('change', () => {
      this.state = STATES.find((state) => state.name === byId('state').value) || null;
      this.apply();
    });
    byId('customer').addEventListener('change', () => this.apply());
    byId('clear').addEventListener('click', () => this.clear());
  }

  clear() {
    byId('search').value = '';
    byId('customer').value = '*';
    this.state = this.reason = null;
    this.apply();
    byId('search').focus();
  }

  toggleState(state) {
    this.state = this.state === state ? null : state;
    this.apply();
  }

  setCustomer(name) {
    byId('customer').value = name;
    this.apply();
    byId('machines').scrollIntoView();
    byId('machines').focus();
  }

  setReason(group) {
    this.reason = group;
    this.state = null;
    this.apply();
    byId('machines').scrollIntoView();
    byId('machines').focus();
  }

  sortBy(column) {
    this.sort = {column, down: this.sort.column === column && !this.sort.down};
    for (const other of this.columns) {
      other.head.setAttribute('aria-sort', other !== column ? 'none' : this.sort.down ? 'descending' : 'ascending');
    }
    this.apply();
  }

  // Which machines are shown, in which order; all words of the search must occur.
  apply() {
    const words = byId('search').value.toLowerCase().split(/\s+/).filter((word) => word);
    const customer = this.hasCustomers ? byId('customer').value : '*';
    const inReason = this.reason && new Set(this.reason.machines);
    const found = this.data.machines.filter((machine) =>
      (!this.state || machine.state === this.state) && (customer === '*' || machine.customer === customer) &&
      (!inReason || inReason.has(machine.index)) && words.every((word) => machine.haystack.includes(word)));
    const {column, down} = this.sort;
    if (column) found.sort((a, b) => (down ? -1 : 1) * column.compare(a, b) || a.order - b.order);
    this.shownMachines = found;
    this.page = 0;
    this.showFilters();
    this.showRows();
  }

  showFilters() {
    byId('state').value = this.state ? this.state.name : '';
    for (const state of STATES) state.tile?.setAttribute('aria-pressed', String(this.state === state));
    const line = byId('reason-filter');
    line.hidden = !this.reason;
    if (!this.reason) return;
    const remove = element('button', {type: 'button'}, 'All reasons');
    remove.addEventListener('click', () => {
      this.reason = null;
      this.apply();
      byId('search').focus();
    });
    line.replaceChildren('Only: ', shown(`${this.reason.verdict}. ${this.reason.reason}`, 'clamp'), ' ', remove);
  }

  showRows() {
    const from = this.page * ROWS, rows = this.shownMachines.slice(from, from + ROWS);
    byId('table').tBodies[0].replaceChildren(...rows.map((machine) => this.row(machine)));
    const all = this.data.machines.length, some = this.shownMachines.length;
    byId('status').textContent = (some === all ? count(all, 'machine') : `${some.toLocaleString('en')} of ${count(all, 'machine')}`) +
      (some > ROWS ? `; rows ${from + 1} to ${from + rows.length}` : '');
    this.showPages();
  }

  row(machine) {
    const cells = {
      'Machine': element('td', {}, element('div', {},
        element('a', {href: `#machine-${machine.index}`, class: 'clamp'}, shown(machine.sortName)),
        machine.sharesName ? element('span', {class: 'quiet'}, '(this name more than once)') : null)),
      'State': element('td', {}, chip(machine.state)),
      'Verdict': element('td', {}, element('div', {}, shown(machine.verdict),
        machine.reason && machine.state === STATES[2] ? element('div', {class: 'clamp quiet'}, shown(machine.reason)) : null)),
      'Customer': element('td', {}, shown(machine.customer, 'clamp')),
      'Model': element('td', {}, shown(`${machine.vendor} ${machine.model}`.trim(), 'clamp')),
      'Windows': element('td', {}, shown(machine.product, 'clamp')),
      'Last seen (UTC)': element('td', {class: 'when'}, element('div', {}, time(machine.last), whenNote(machine.lastKind))),
      'Minutes': element('td', {class: 'number'}, machine.visitCount ? minutes(machine.seconds) : ''),
    };
    return element('tr', {}, ...this.columns.map((column) => {
      cells[column.title].dataset.label = column.title;  // what a narrow screen shows instead of the headings
      if (!cells[column.title].textContent) cells[column.title].className += ' empty';
      return cells[column.title];
    }));
  }

  showPages() {
    const last = Math.ceil(this.shownMachines.length / ROWS) - 1;
    if (last <= 0) return byId('pages').replaceChildren();
    const turn = (title, page, disabled) => {
      const button = element('button', {type: 'button', disabled}, title);
      button.addEventListener('click', () => {
        this.page = page;
        this.showRows();
        // The button may be another one now, or of no use: the keyboard stays where it was.
        [...byId('pages').querySelectorAll('button')].find((b) => b.textContent === title && !b.disabled)?.focus();
        if (!byId('pages').contains(document.activeElement)) byId('pages').querySelector('button:not(:disabled)').focus();
      });
      return button;
    };
    byId('pages').replaceChildren(
      turn('First', 0, this.page === 0), turn('Back', this.page - 1, this.page === 0),
      element('span', {}, `Page ${this.page + 1} of ${last + 1}`),
      turn('Next', this.page + 1, this.page === last), turn('Last', last, this.page === last));
  }

  // On paper there are no pages to turn: all that the filters let through.
  showAllRows() {
    byId('table').tBodies[0].replaceChildren(...this.shownMachines.map((machine) => this.row(machine)));
  }
}

function whenNote(kind) {
  if (kind === WHEN.WRONG) return element('span', {class: 'quiet', title: 'the clock must be wrong'}, ' or later');
  return kind === WHEN.NO_ZONE ? element('span', {class: 'quiet', title: 'the time zone is not known'}, ' local?') : null;
}
