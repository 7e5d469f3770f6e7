// Passkeys: the browser makes one, or answers with one, and the answer goes back in an ordinary form.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const described = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

async function answer(form) {
  const token = document.querySelector("meta[name=csrf-token]").content;
  const told = await fetch(form.dataset.options, { method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" } });
  const options = await told.json();
  if (!told.ok) throw new Error([options.error, options.mend].filter(Boolean).join(" "));
  options.challenge = bytes(options.challenge);
  if (form.dataset.passkey === "add") {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = described(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }
  options.allowCredentials = described(options.allowCredentials);
  return navigator.credentials.get({ publicKey: options });
}

function written(made) {
  const response = { clientDataJSON: text(made.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = text(made.response[name]);
  }
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
}

export function startPasskey(form) {
  const note = form.querySelector("[role=alert]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    note.hidden = true;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      form.elements.credential.value = written(await answer(form));
      form.submit();
    } catch (fault) {
      // A browser says only that it was not done: cancelled, timed out, or no passkey there.
      note.textContent = fault.name === "InvalidStateError" ? form.dataset.known : fault instanceof DOMException ? form.dataset.fault : fault.message;
      note.hidden = false;
      button.disabled = false;
    }
  });
}
