// The data block as objects. Its layout: FORMAT.md beside the program that writes it.

const STATES = [
  {name: 'fixed', title: 'Fixed', mark: '✓', className: 'fixed'},
  {name: 'not affected', title: 'Not affected', mark: '–', className: 'not-affected'},
  {name: 'needs someone', title: 'Needs someone', mark: '!', className: 'needs-someone'},
  {name: 'never seen', title: 'Never seen', mark: '?', className: 'never-seen'},
];
const WHEN = {CLOCK: 0, NO_ZONE: 1, WRONG: 2, NOTHING: 3};

function readData() {
  const raw = JSON.parse(document.getElementById('data').textContent);
  const text = (number) => raw.texts[number];

  function readVolume(row, run) {
    const [disk, partition, guid, bytes, filesystem, method, description, protector, protectorType, host, product, build,
           zone, state, verdict, reason, files, idle] = row;
    return {
      disk: text(disk), partition, guid, bytes, filesystem: text(filesystem), method: text(method), description, protector,
      protectorType: text(protectorType), host: text(host), product: text(product), build: text(build), zone: text(zone),
      state: text(state), verdict: text(verdict), reason: text(reason),
      files: files.map(([rule, action, path, newPath, fileBytes, modified, sha256, outcome, note]) => ({
        rule: text(rule), action: text(action), path: text(path), newPath: text(newPath).replace('\u0001', run),
        bytes: fileBytes, modified: text(modified), sha256: text(sha256), outcome: text(outcome), note: text(note)})),
      idle: idle.map(([rule, why]) => ({rule: text(rule), reason: text(why)})),
    };
  }

  function readVisit(row) {
    const [run, command, dry, verdict, reason, best, kind, earliest, latest, why, clock, hardware, seconds, stick, image, tool,
           mode, manifests, disks, log, hash, whole, volumes] = row;
    return {
      run, command: text(command), dry: dry === 1, verdict: text(verdict), reason: text(reason), best, kind, earliest, latest,
      why: text(why), clock, hardware: text(hardware), seconds, stick: text(stick), image: text(image), tool: text(tool),
      mode: text(mode), manifests: manifests.map(text),
      disks: disks.map(([path, model, serial]) => ({path: text(path), model: text(model), serial: text(serial)})),
      log, hash, whole: whole === 1, volumes: volumes.map((volume) => readVolume(volume, run)),
    };
  }

  function readMachine(row, index) {
    const [state, verdict, reason, name, customer, vendor, model, serial, uuid, product, build, sharesName, visits] = row;
    const machine = {
      index, state: STATES[state], verdict: text(verdict), reason: text(reason), name, customer: text(customer),
      vendor: text(vendor), model: text(model), serial: text(serial), uuid: text(uuid), product: text(product),
      build: text(build), sharesName: sharesName === 1, rows: visits, visitCount: visits.length,
      last: visits.length ? visits[visits.length - 1][5] : null,
      lastKind: visits.length ? visits[visits.length - 1][6] : WHEN.NOTHING,
      seconds: visits.reduce((sum, visit) => sum + visit[12], 0),
    };
    // Only the page of details needs them as objects.
    Object.defineProperty(machine, 'visits', {get: () => visits.map(readVisit)});
    return machine;
  }

  const data = {
    machines: raw.machines.map(readMachine),
    customers: raw.customers.map(([name, ...counts]) => ({name: text(name), counts})),
    reasons: raw.reasons.map(([verdict, reason, remedy, machines]) =>
      ({verdict: text(verdict), reason: text(reason), remedy: text(remedy), machines})),
    sticks: raw.sticks.map(([id, customer, image, runs, machines, fixed, first, last, wrongClocks]) =>
      ({id: text(id), customer: text(customer), image: text(image), runs, machines, fixed, first, last, wrongClocks})),
    keys: raw.keys.map(([id, machine, volume, used]) => ({id, machine, volume: text(volume), used})),
    manifests: raw.manifests, tools: raw.tools, findings: raw.findings, missing: raw.missing,
    logs: {files: raw.logs[0], whole: raw.logs[1], duplicates: raw.logs[2]},
    made: raw.made, only: raw.only, hasHosts: raw.hosts,
  };
  addHaystacks(data.machines, text);
  return data;
}

// What the search looks through, in small letters: what is on a machine's row, and IDs, runs and paths.
function addHaystacks(machines, text) {
  for (const machine of machines) {
    const words = [machine.name, machine.customer, machine.vendor, machine.model, machine.serial, machine.uuid, machine.product,
                   machine.build, machine.verdict, machine.state.name, machine.reason];
    for (const visit of machine.rows) {
      words.push(visit[0], text(visit[13]), visit[19]);
      for (const volume of visit[22]) {
        words.push(volume[2], volume[6], volume[7]);
        for (const file of volume[16]) words.push(text(file[2]), text(file[6]));
      }
    }
    machine.haystack = words.join('\n').toLowerCase();
  }
}

function nameOf(machine) {
  if (machine.name) return machine.name;
  if (machine.serial) return `serial ${machine.serial}`;
  const disk = machine.rows.length && machine.visits[0].disks[0];
  return disk && disk.serial ? `disk ${disk.serial}` : disk ? disk.path : '(not known)';
}

function chip(state) {
  return element('span', {class: `chip ${state.className}`},
                 element('span', {'aria-hidden': 'true'}, `${state.mark} `), state.title);
}
