# Answers to a letter, written on its page.

## The page
answer-heading = Répondre
answer-emergency = Pas pour les urgences : les réponses ne sont pas lues tout de suite. En cas d’urgence, appelez le { $first } ou le { $second }.
answer-emergency-one = Pas pour les urgences : les réponses ne sont pas lues tout de suite. En cas d’urgence, appelez le { $first }.
answer-away = La personne qui vous a écrit est absente { $until }.
answer-text-label = Votre réponse
answer-files-label = Joindre des photos ou des PDF
answer-files-hint = { $count } fichiers au plus, { $size } en tout.
answer-other-summary = Joindre un autre type de fichier
answer-other-label = Autres fichiers
answer-safe = Votre réponse est protégée comme cette lettre. L’envoi de photos peut durer une minute : laissez cette page ouverte.
answer-button = Envoyer la réponse
answer-sent-title = Votre réponse est partie
answer-sent = { $files ->
    [0] Réponse envoyée { $at }.
    [one] Réponse envoyée { $at }, avec { $files } fichier.
   *[other] Réponse envoyée { $at }, avec { $files } fichiers.
}
answer-sent-next = Le cabinet la reçoit dans sa messagerie. S’il vous répond, vous recevrez un nouvel e‑mail.
answer-waiting = Une réponse écrite { $at } n’est pas encore partie : elle attend un code.
answer-closed-off = On ne peut pas répondre à cette lettre ici.
answer-closed-over = Le temps pour répondre ici est passé.
answer-closed-full = La boîte du cabinet est pleine. Elle ne peut pas recevoir de réponse.
answer-closed-enough = Beaucoup de réponses ont été envoyées aujourd’hui. Réessayez demain.
answer-closed-ended = La personne qui vous a écrit a terminé cette conversation.
answer-call = Pour nous joindre, appelez le { $telephone }.
answer-call-silent = Pour le joindre, appelez le cabinet qui vous a écrit.

## What went wrong
answer-nothing = Écrivez votre réponse, ou joignez un fichier.
answer-too-long = Votre texte est trop long : { $count } caractères au plus.
answer-too-large = Vos fichiers sont trop gros : { $size } en tout au plus.
answer-too-many = Il y a trop de fichiers : { $count } au plus.
answer-program = « { $name } » est un programme. Il ne peut pas être envoyé.
answer-infected = « { $name } » contient un virus. Il ne peut pas être envoyé.
answer-not-scanned = Nous ne pouvons pas contrôler vos fichiers pour le moment. Réessayez plus tard, ou envoyez votre texte sans fichier.
answer-busy = Trop de fichiers arrivent en même temps. Réessayez dans une minute.
answer-broken-off = Votre réponse n’est pas arrivée entière. Envoyez-la à nouveau.
answer-failed = Un petit problème chez nous : essayez encore dans quelques minutes.
answer-not-sent = Rien n’a été envoyé. Votre texte est toujours là ; choisissez à nouveau vos fichiers.

## The page had closed
answer-kept-link = Votre réponse est gardée, mais elle n’est pas encore partie : la page s’était fermée. Demandez un code et tapez-le { $until }. Elle partira aussitôt.
answer-lost-title = Votre réponse n’est pas partie
answer-lost-text = Voici votre texte : vous pouvez le copier.
answer-lost-link = Ouvrir la lettre

## In the practitioner's INBOX
answer-from-patient = { $name } (patient)
answer-from-carer = { $name } (proche)
answer-below-who = Réponse de { $address }, écrite { $when } sur la page sécurisée, ouverte avec un code envoyé au numéro qui finit par { $two }.
answer-below-how = Pour lui écrire, répondez à ce message : votre réponse part comme une lettre sécurisée, au même numéro.
