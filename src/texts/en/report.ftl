# Reports of delivery that a mail client asked for (RFC 3464), in the words of people.
report-delivered = Delivered. { $count ->
    [one] The message is in the mailbox of:
   *[other] The message is in the mailboxes of:
}
report-relayed = Notice sent. The link to the message has left by e-mail for:
report-relayed-what = Nothing says yet that the letter is read: a receipt will come with the first opening.
report-footer = Your mail client asked for this delivery report. It comes from your Pli server. There is no need to answer it.
