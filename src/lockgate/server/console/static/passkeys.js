// Passkeys, and the secret of one-time links. A form with data-passkey asks that address what to sign (or to make), has
// the browser do it, and is then sent as any form is.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

  const made = async (options) => {
    const known = (options.excludeCredentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
    const publicKey = { ...options, challenge: bytes(options.challenge), excludeCredentials: known,
      user: { ...options.user, id: bytes(options.user.id) } };
    const one = await navigator.credentials.create({ publicKey });
    return { id: one.id, rawId: text(one.rawId), type: one.type, response: {
      clientDataJSON: text(one.response.clientDataJSON), attestationObject: text(one.response.attestationObject) } };
  };

  const signed = async (options) => {
    const known = (options.allowCredentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
    const one = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: known } });
    const { clientDataJSON, authenticatorData, signature, userHandle } = one.response;
    return { id: one.id, rawId: text(one.rawId), type: one.type, response: { clientDataJSON: text(clientDataJSON),
      authenticatorData: text(authenticatorData), signature: text(signature), userHandle: userHandle ? text(userHandle) : null } };
  };

  document.addEventListener('submit', async (event) => {
    const form = event.target;
    const address = form.dataset.passkey;
    if (!address) return;
    event.preventDefault();
    const told = form.querySelector('[role=alert]');
    try {
      const answer = await fetch(address, { method: 'POST' });
      if (!answer.ok) throw new Error('it has taken too long: begin again');
      const { key, options } = await answer.json();
      const one = options.user ? await made(options) : await signed(options);
      form.elements.namedItem('key').value = key;
      form.elements.namedItem('answer').value = JSON.stringify(one);
      form.submit();
    } catch (error) {
      told.textContent = error.name === 'NotAllowedError' ? 'No passkey was shown.' : `That did not work: ${error.message}`;
    }
  });

  const link = document.getElementById('link');
  const taken = () => {
    if (!link || location.hash.length < 2) return;
    link.value = location.hash.slice(1);
    history.replaceState(null, '', location.pathname);
  };
  taken();
  addEventListener('hashchange', taken); // a link that is pasted where this page is open already loads nothing anew
})();
