# Reports of delivery that a mail client asked for (RFC 3464), in the words of people.
report-delivered = Consegnato. { $count ->
    [one] Il messaggio è nella casella di:
   *[other] Il messaggio è nelle caselle di:
}
report-relayed = Avviso inviato. Il link al messaggio è partito per e-mail per:
report-relayed-what = Niente dice ancora che la lettera sia stata letta: un avviso arriverà alla prima apertura.
report-footer = Il Suo programma di posta ha chiesto questo avviso di consegna. Viene dal Suo server Pli. Non serve rispondere.
