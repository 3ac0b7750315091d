# What the SMS says and the voice reads. No name, no link: whoever sees it learns nothing.
code-sms = Your code: { $code } (letters { $letters }). Do not give it to anyone.
code-voice = Hello. Here is your code. { $digits }. Again. { $digits }. Do not give it to anyone. Goodbye.
