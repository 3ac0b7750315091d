// An SMSC by an independent implementation of SMPP (the library `smpp` of npm), steered over standard input and told
// over standard output, a JSON object a line each way.
//
// Out: {"port":N} once; {"bound":id}; {"got":{from,to,text,coding,parts,report,id}}; {"held":N}; {"open":N} the most that were held at once.
// In:  {"do":"throttle","times":N} · {"do":"hold"} · {"do":"release"} · {"do":"drop"} · {"do":"unbind"} ·
//      {"do":"garbage"} · {"do":"receipt","id":…,"stat":…,"err":…,"form":"text"|"tlv"} · {"do":"hex","on":true}
'use strict';
const smpp = require('smpp');
const readline = require('readline');
const fs = require('fs');

const say = (told) => process.stdout.write(JSON.stringify(told) + '\n');
let throttle = 0, holding = false, held = [], most = 0, count = 1000, hex = false;
const sessions = new Set();

function take(session, pdu) {
  const message = pdu.short_message;
  const id = String(count++);
  say({ got: {
    from: pdu.source_addr, to: pdu.destination_addr, text: message.message,
    coding: pdu.data_coding, parts: message.udh ? message.udh.map((b) => b.toString('hex')) : [],
    report: pdu.registered_delivery, id,
  } });
  session.send(pdu.response({ message_id: hex ? Number(id).toString(16) : id }));
}

function listener(session) {
  sessions.add(session);
  session.on('error', () => {});
  session.on('close', () => sessions.delete(session));
  session.on('bind_transceiver', (pdu) => {
    if (pdu.password !== 'secret') {
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
      return;
    }
    session.send(pdu.response({ system_id: 'smsc' }));
    say({ bound: pdu.system_id });
  });
  session.on('enquire_link', (pdu) => { say({ enquired: true }); session.send(pdu.response()); });
  session.on('unbind', (pdu) => { say({ unbound: true }); session.send(pdu.response()); session.close(); });
  session.on('submit_sm', (pdu) => {
    if (throttle > 0) {
      throttle -= 1;
      session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    } else if (pdu.destination_addr === '33600000000') {
      session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
    } else if (holding) {
      held.push([session, pdu]);
      say({ held: held.length });
      if (held.length > most) { most = held.length; say({ open: most }); }
    } else {
      take(session, pdu);
    }
  });
}

const orders = {
  throttle: (order) => { throttle = order.times; },
  hold: () => { holding = true; },
  release: () => { holding = false; const all = held; held = []; all.forEach(([s, p]) => take(s, p)); },
  most: () => say({ most }),
  forget: () => { holding = false; held = []; },
  drop: () => sessions.forEach((s) => s.socket.destroy()),
  unbind: () => sessions.forEach((s) => s.unbind()),
  garbage: () => sessions.forEach((s) => s.socket.write(Buffer.from('7fffffff000000050000000000000001', 'hex'))),
  hex: (order) => { hex = order.on; },
  mo: (order) => sessions.forEach((s) => s.deliver_sm({
    source_addr: order.from, destination_addr: 'Cabinet', esm_class: 0, short_message: order.text })),
  receipt: (order) => sessions.forEach((s) => {
    const base = { source_addr: '33612345678', destination_addr: 'Cabinet', esm_class: 4 };
    const text = `id:${order.id} sub:001 dlvrd:001 submit date:2611272210 done date:2611272211 stat:${order.stat} err:${order.err || '000'} text:`;
    const states = { DELIVRD: 2, EXPIRED: 3, UNDELIV: 5, REJECTD: 8 };
    s.deliver_sm(order.form === 'tlv'
      ? { ...base, short_message: '', receipted_message_id: hex ? Number(order.id).toString(16) : order.id, message_state: states[order.stat] }
      : { ...base, short_message: text }, () => say({ confirmed: true }));
  }),
};

const [, , key, cert] = process.argv;
const server = key
  ? smpp.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, listener)
  : smpp.createServer(listener);
server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
readline.createInterface({ input: process.stdin })
  .on('line', (line) => { const order = JSON.parse(line); orders[order.do](order); say({ done: order.do }); })
  .on('close', () => process.exit(0));
