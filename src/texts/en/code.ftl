# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Your code: { $code } (letters { $letters }). Do not give it to anyone.
code-voice = Hello. Here is your code. { $digits }. Again. { $digits }. Do not give it to anyone. Goodbye.
# A call. Nothing is said of the code before a key was pressed.
code-voice-greeting = Hello. You asked for a code to read a letter. To hear it, press 1.
code-voice-code = Here is your code.
code-voice-repeat = Once more.
code-voice-again = To hear it again, press 1.
code-voice-goodbye = Do not give this code to anyone. Goodbye.

# Reminders of a letter that was not opened: no link, no name, nothing of it.
remind-sms = Reminder: a confidential message is waiting in your e-mail. Open the link in it.
remind-voice = Hello. A confidential message is waiting in your e-mail, and it is urgent. Open the link in it. Once more. A confidential and urgent message is waiting in your e-mail. Goodbye.
