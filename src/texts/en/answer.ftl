# Answers to a letter, written on its page.

## The page
answer-heading = Answer
answer-emergency = Not for emergencies: answers are not read at once. In an emergency, call { $first } or { $second }.
answer-emergency-one = Not for emergencies: answers are not read at once. In an emergency, call { $first }.
answer-away = The person who wrote to you is away { $until }.
answer-text-label = Your answer
answer-files-label = Add photos or PDFs
answer-files-hint = At most { $count } files, { $size } in all.
answer-other-summary = Add another kind of file
answer-other-label = Other files
answer-safe = Your answer is protected like this letter. Sending photos may take a minute: leave this page open.
answer-button = Send the answer
answer-sent-title = Your answer has been sent
answer-sent = { $files ->
    [0] Answer sent { $at }.
    [one] Answer sent { $at }, with { $files } file.
   *[other] Answer sent { $at }, with { $files } files.
}
answer-sent-next = The practice gets it in its mailbox. If they write back, you will get a new e‑mail.
answer-waiting = An answer written { $at } has not been sent yet: it waits for a code.
answer-closed-off = This letter cannot be answered here.
answer-closed-over = The time for answering here is over.
answer-closed-full = The practice’s mailbox is full. It cannot take any answer.
answer-closed-enough = Many answers have been sent today. Try again tomorrow.
answer-closed-ended = The person who wrote to you has ended this conversation.
answer-call = To reach us, call { $telephone }.
answer-call-silent = To reach them, call the practice that wrote to you.

## What went wrong
answer-nothing = Write your answer, or add a file.
answer-too-long = Your text is too long: at most { $count } characters.
answer-too-large = Your files are too big: at most { $size } in all.
answer-too-many = There are too many files: at most { $count }.
answer-program = “{ $name }” is a program. It cannot be sent.
answer-infected = “{ $name }” contains a virus. It cannot be sent.
answer-not-scanned = We cannot check your files at the moment. Try again later, or send your text without a file.
answer-busy = Too many files are coming in at once. Try again in a minute.
answer-broken-off = Your answer did not arrive whole. Send it again.
answer-failed = A small problem on our side: try again in a few minutes.
answer-not-sent = Nothing has been sent. Your text is still there; choose your files again.

## The page had closed
answer-kept-link = Your answer is kept, but it has not been sent yet: the page had closed. Ask for a code and type it { $until }. It will then be sent at once.
answer-lost-title = Your answer has not been sent
answer-lost-text = Here is your text: you can copy it.
answer-lost-link = Open the letter

## In the practitioner's INBOX
answer-from-patient = { $name } (patient)
answer-from-carer = { $name } (carer)
answer-below-who = Answer from { $address }, written { $when } on the secure page, opened with a code sent to the number that ends in { $two }.
answer-below-how = To write back, reply to this message: your reply leaves as a secure letter, to the same number.
