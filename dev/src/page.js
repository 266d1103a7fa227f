// Signs in and mints. The session and the sealed token travel in cookies that this script cannot read.

const show = (text) => { document.querySelector("#answer").textContent = text; };

document.querySelector("#sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch("/sign-in", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  show(answer.ok ? `Signed in as ${(await answer.json()).user}.` : await answer.text());
});

document.querySelector("#sign-out").addEventListener("click", async () => {
  // The tokens' cookies go with the session.
  const providers = ["cartesia", "elevenlabs", "assemblyai"];
  await Promise.all(providers.map((provider) => fetch(`/${provider}/token`, { method: "DELETE" })));
  await fetch("/sign-out", { method: "POST" });
  show("Signed out.");
});

for (const button of document.querySelectorAll("[data-mint]")) {
  button.addEventListener("click", async () => {
    const answer = await fetch(`/${button.dataset.mint}/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: button.dataset.ask,
    });
    const body = await answer.json();
    // A token is not for eyes: the page shows that there is one.
    if (body.token) body.token = `… (${body.token.length} characters)`;
    const source = answer.headers.get("Voicemint-Source") ?? "refused";
    show(`${answer.status} ${source}  ${answer.headers.get("Server-Timing") ?? ""}\n${JSON.stringify(body, null, 2)}`);
  });
}
