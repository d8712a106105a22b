// Puts the page together, and follows its address: #machine-12 is the page of that machine.

const data = readData();
const table = new MachineTable(data);
let opened = null;  // the machine whose page was shown last

showHeading(data);
showStates(data, table);
showWarnings(data);
showCustomers(data, table);
showReasons(data, table);
showTimeLine(data);
showKeys(data);
showSticks(data);
showVersions(data);
showLogs(data);
table.apply();

function follow() {
  const match = location.hash.match(/^#machine-(\d+)$/);
  const index = match && Number(match[1]) < data.machines.length ? Number(match[1]) : null;
  byId('overview').hidden = index !== null;
  byId('details').hidden = index === null;
  if (index !== null) {
    const heading = showDetails(data, index);
    document.title = `${nameOf(data.machines[index])}: recovery report`;
    opened = index;
    window.scrollTo({top: 0, behavior: 'instant'});
    heading.focus();
  } else if (opened !== null) {
    document.title = 'Recovery report';
    // Back to where it was opened.
    const link = document.querySelector(`#table a[href="#machine-${opened}"]`);
    opened = null;
    if (link) {
      link.focus();
      link.scrollIntoView({block: 'center', behavior: 'instant'});
    }
  }
}

window.addEventListener('hashchange', follow);
window.addEventListener('beforeprint', () => {
  for (const part of document.querySelectorAll('details.fold')) part.open = true;
  if (!byId('overview').hidden) table.showAllRows();
});
window.addEventListener('afterprint', () => table.showRows());
follow();
