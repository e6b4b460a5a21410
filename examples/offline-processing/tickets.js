// Support tickets to classify: made up, the same every time.
const subjects = [
  ['My invoice shows a charge of $N that I do not recognise.', 'Please refund the $N dollars for order N.', 'Can I pay yearly instead of monthly for N seats?'],
  ['The app crashes when I open report N.', 'Error N appears after the update.', 'Export number N has been stuck for N hours.'],
  ['How do I add N people to my team?', 'Where can I change the language of page N?', 'Is there a guide for importing N contacts?'],
  ['I cannot sign in since N o\'clock.', 'The code N that you sent me is not accepted.', 'Please delete my account number N.'],
];

export function tickets(count) {
  return Array.from({ length: count }, (_, i) => {
    const group = subjects[i % subjects.length];
    return { id: `T-${String(i + 1).padStart(5, '0')}`, text: group[Math.floor(i / subjects.length) % group.length].replaceAll('N', String(i + 1)) };
  });
}
