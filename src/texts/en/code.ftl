# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Your code: { $code } (letters { $letters }). Do not give it to anyone.
code-voice = Hello. Here is your code. { $digits }. Again. { $digits }. Do not give it to anyone. Goodbye.
# A call. Nothing is said of the code before a key was pressed.
code-voice-greeting = Hello. You asked for a code to read a letter. To hear it, press 1.
code-voice-code = Here is your code.
code-voice-repeat = Once more.
code-voice-again = To hear it again, press 1.
code-voice-goodbye = Do not give this code to anyone. Goodbye.
