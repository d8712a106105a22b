// One machine's page.

function facts(pairs) {
  return element('dl', {class: 'facts'}, ...pairs.filter(([, value]) => value).flatMap(([title, value]) => [
    element('dt', {}, title), element('dd', {}, typeof value === 'string' ? boxed(value, title) : value)]));
}

function whenText(visit) {
  const clock = visit.clock === null ? 'none' : `${time(visit.clock)}`;
  switch (visit.kind) {
    case WHEN.CLOCK:
      return `${time(visit.best)} UTC`;
    case WHEN.NO_ZONE:
      return `${clock} by the PC’s clock; its time zone is not known`;
    case WHEN.WRONG:
      return `${visit.earliest === null ? 'before' : `between ${time(visit.earliest)} and`} ${time(visit.latest)} UTC; the PC’s ` +
        `clock showed ${clock}: ${visit.why}`;
    default:
      return 'not known';
  }
}

function filesTable(volume) {
  return plainTable('Files', ['What', 'File', 'New name', 'Size', 'Changed (UTC)', 'SHA-256', 'Outcome', 'Rule'],
    volume.files.map((file) => [
      file.action, boxed(file.path, 'File', 'mono'), boxed(file.newPath, 'New name', 'mono'), shown(size(file.bytes)),
      file.modified.slice(0, 16).replace('T', ' '), boxed(file.sha256 || file.note, 'SHA-256', 'mono'), file.outcome, file.rule]));
}

function volumePart(volume) {
  const title = `Partition ${volume.partition} of ${volume.disk}`;
  const encryption = volume.method && `BitLocker, ${volume.method}` +
    (volume.protector ? `; opened by the ${volume.protectorType} ${volume.protector}` : '; not opened');
  return element('div', {},
    element('h4', {}, shown(title)),
    facts([
      ['Verdict', volume.verdict],
      ['Reason', volume.reason],
      ['Windows', [volume.product, volume.build && `build ${volume.build}`].filter((part) => part).join(', ')],
      ['Host', volume.host],
      ['Time zone', volume.zone],
      ['Encryption', encryption],
      ['Calls itself', volume.description],
      ['File system', [volume.filesystem, size(volume.bytes), volume.state].filter((part) => part).join(', ')],
      ['Partition’s GUID', volume.guid && shown(volume.guid, 'mono')],
    ]),
    volume.files.length ? filesTable(volume) : null,
    volume.idle.length ? plainTable('Rules that did nothing', ['Rule that did nothing', 'Why'],
      volume.idle.map((rule) => [rule.rule, boxed(rule.reason, 'Why')])) : null);
}

function visitPart(visit, number, all) {
  const what = `${visit.command}${visit.dry ? ' (dry run)' : ''}: ${visit.verdict}`;
  return element('section', {class: 'visit'},
    element('h3', {}, all > 1 ? `Visit ${number} of ${all}: ` : '', shown(what)),
    facts([
      ['When', whenText(visit)],
      ['Took', `${minutes(visit.seconds)} minutes`],
      ['Reason', visit.reason],
      ['Stick', visit.stick && shown(visit.stick, 'mono')],
      ['Image', visit.image && shown(visit.image, 'mono')],
      ['Manifests', visit.manifests.join(', ')],
      ['Disks', visit.disks.map((disk) => [disk.path, disk.model.trim(), disk.serial && `serial ${disk.serial}`]
        .filter((part) => part).join(', ')).join('; ')],
      ['Clock chip', visit.hardware],
      ['Program', visit.tool],
      ['Run', shown(visit.run, 'mono')],
      ['Log', shown(visit.log, 'mono')],
      [visit.whole ? 'Closing SHA-256' : 'Cut short; last SHA-256', shown(visit.hash, 'mono')],
    ]),
    ...visit.volumes.filter((volume) => volume.verdict || volume.host || volume.files.length || volume.method).map(volumePart));
}

// What the report says to do about the machine.
function remedyOf(machine, data) {
  const group = data.reasons.find((reason) => reason.machines.includes(machine.index));
  return group ? group.remedy : machine.state === STATES[3] ? 'Find it and visit it.' : '';
}

function showDetails(data, index) {
  const machine = data.machines[index], box = byId('details'), visits = machine.visits;
  const heading = element('h2', {id: 'details-heading', tabindex: -1}, shown(nameOf(machine)), ' ', chip(machine.state));
  const back = element('a', {href: '#machines', class: 'back'}, '← All machines');
  box.replaceChildren(element('p', {}, back), heading,
    machine.sharesName ? element('p', {class: 'notice'}, 'Another machine has the same name. They are told apart by firmware and disk.') : '',
    facts([
      ['Verdict', machine.verdict],
      ['Reason', machine.reason],
      ['What to do', remedyOf(machine, data)],
      ['Customer', machine.customer],
      ['Model', `${machine.vendor} ${machine.model}`.trim()],
      ['Serial number', machine.serial],
      ['UUID', machine.uuid && shown(machine.uuid, 'mono')],
      ['Windows', [machine.product, machine.build && `build ${machine.build}`].filter((part) => part).join(', ')],
      ['Minutes in all', machine.visitCount ? minutes(machine.seconds) : ''],
    ]),
    ...visits.map((visit, i) => visitPart(visit, i + 1, visits.length)));
  return heading;
}
