// What pages do beyond links and forms. Everything works without this file.
"use strict";

// Keys: 1 to 9 press the buttons that are numbered so, U undoes, / goes to the search. A key that is held down repeats
// itself on the next page, where it would decide about a ticket that nobody has read.
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const button = document.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (button) {
    event.preventDefault();
    button.click();
  } else if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// A list that waits for triage loads itself again, unless somebody is typing.
const live = [...document.querySelectorAll("[data-reload]")];
if (live.length) {
  setInterval(async () => {
    if (document.hidden || document.activeElement.closest("form")) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of live) {
      // By its id: a page on which nothing waits any more marks no part.
      const fresh = page.getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    }
  }, Number(live[0].dataset.reload) * 1000);
}

// An email that is dropped as a file fills the field: its beginning, since its text comes before its files. Bytes that
// are no UTF-8 become one character each, and the form says so: the server turns them back.
for (const field of document.querySelectorAll("textarea[data-drop]")) {
  const bytewise = field.form.elements.bytewise;
  field.addEventListener("dragover", (event) => event.preventDefault());
  field.addEventListener("drop", async (event) => {
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    const bytes = new Uint8Array(await file.slice(0, Number(field.dataset.drop)).arrayBuffer());
    try {
      // As a stream: the last character may be cut.
      field.value = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
      bytewise.value = "";
    } catch {
      // In the form, such a byte is longer than one of UTF-8.
      const most = (Number(field.dataset.drop) * 2) / 3;
      field.value = Array.from(bytes.subarray(0, most), (byte) => String.fromCharCode(byte)).join("");
      bytewise.value = "yes";
    }
  });
  field.addEventListener("input", (event) => {
    if (event.inputType === "insertFromPaste" || !field.value) bytewise.value = "";
  });
}
