// The page: uploads documents one after another, asks, and shows the answer with its citations. All text is shown as text.
const $ = (id) => document.getElementById(id);
const element = (name, text, className) => Object.assign(document.createElement(name), { textContent: text ?? '', className: className ?? '' });

async function call(path, init) {
  const response = await fetch(path, { method: 'POST', ...init });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error ?? 'Something went wrong.');
  return body;
}

$('files').addEventListener('change', async (event) => {
  for (const file of event.target.files) {
    const line = element('li', `${file.name}: reading…`);
    $('documents').append(line);
    try {
      await call('/api/documents', { body: file, headers: { 'x-file-name': encodeURIComponent(file.name) } });
      line.textContent = `${file.name}: ready`;
    } catch (error) {
      line.textContent = `${file.name}: ${error.message}`;
      line.className = 'problem';
    }
  }
  event.target.value = '';
});

// The answer's text with a number where each citation stands; indexes count characters, not UTF-16 units.
function showAnswer({ answer, citations }) {
  const characters = [...answer];
  const names = [...new Set(citations.map((c) => c.name))];
  const paragraph = element('p');
  let at = 0;
  for (const citation of [...citations].sort((a, b) => a.index - b.index)) {
    paragraph.append(characters.slice(at, citation.index).join(''));
    const mark = element('sup', `[${names.indexOf(citation.name) + 1}]`);
    mark.title = citation.name;
    paragraph.append(mark);
    at = citation.index;
  }
  paragraph.append(characters.slice(at).join(''));
  const list = element('ol');
  list.append(...names.map((name) => element('li', name)));
  $('answer').replaceChildren(paragraph, list);
}

function showPassages(passages) {
  $('sources').replaceChildren(...passages.map((passage) => {
    const details = element('details');
    details.append(element('summary', passage.name), element('blockquote', passage.text));
    return details;
  }));
}

$('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  $('answer').replaceChildren(element('p', 'Looking…'));
  $('sources').replaceChildren();
  try {
    const result = await call('/api/ask', { body: JSON.stringify({ question: $('question').value }), headers: { 'content-type': 'application/json' } });
    showAnswer(result);
    showPassages(result.passages);
  } catch (error) {
    $('answer').replaceChildren(element('p', error.message, 'problem'));
  }
});
