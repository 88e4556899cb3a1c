// The token, where the gateway wants to know who one is: asked for in a dialog, given to the client, and kept nowhere. A page that is loaded again asks again.

const $ = (id) => document.getElementById(id);

export class Access {
  // given(token): somebody entered one.
  constructor(dialog, given) {
    Object.assign(this, { dialog, needed: false });
    dialog.addEventListener("cancel", (event) => this.needed && event.preventDefault());
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const token = $("token").value.trim();
      if (!token) return;
      this.close();
      given(token);
    });
  }

  // needed: without one there is nothing to see.
  ask(why, needed) {
    this.needed = needed;
    $("access-why").textContent = why;
    if (!this.dialog.open) this.dialog.showModal();
    $("token").focus();
  }

  // refused: a new one was not taken; the present one holds.
  expiring({ expires, refused }) {
    this.ask(refused ?? `The token expires at ${expires.slice(11, 19)} UTC. Enter a new one to stay connected.`, false);
  }

  close() {
    $("token").value = "";
    this.dialog.close();
  }
}
