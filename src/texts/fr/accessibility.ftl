# The statement of accessibility, and its mention at the foot of every page.

accessibility-mention = Accessibilité : partiellement conforme
accessibility-title = Déclaration d’accessibilité
accessibility-state-heading = État de conformité
accessibility-state = Ces pages sont faites pour tout le monde : sur un vieux téléphone, avec de grands caractères, au clavier, avec un lecteur d’écran. Elles sont partiellement conformes au référentiel général d’amélioration de l’accessibilité (RGAA), version 4.1.
accessibility-found = Sur les 106 critères du référentiel, { $applicable } concernent ces pages ; { $kept } sont respectés. Les { $without } autres parlent de choses qui ne s’y trouvent pas, comme des vidéos.
accessibility-missing-heading = Ce qui n’est pas accessible
accessibility-missing-readers = Des personnes qui se servent d’un lecteur d’écran n’ont pas encore essayé ces pages. C’est pourquoi nous ne les disons pas entièrement conformes.
accessibility-missing-letters = Le texte d’une lettre est montré comme la personne qui vous écrit l’a fait : ses titres, ses tableaux, ses images. Un lecteur d’écran le lit dans la langue que cette personne a indiquée, sinon dans celle du cabinet : ce n’est pas toujours la bonne. Là où cette personne n’a pas décrit une image, le nom de son fichier en tient lieu.
accessibility-missing-files = Les fichiers joints viennent aussi de cette personne. Un PDF ou une photo ne peut pas toujours être lu par un lecteur d’écran. Demandez au cabinet de vous les donner autrement.
accessibility-how-heading = Comment nous l’avons vérifié
accessibility-how = Nous avons évalué ces pages nous-mêmes : chaque page, dans chaque situation et dans cinq langues, dans le navigateur Chromium avec l’outil axe-core ; en clair et en sombre ; sur un écran de 320 pixels de large et sur un grand écran ; agrandies à 200 % ; au clavier seul ; sans JavaScript.
accessibility-made-of = Ces pages sont faites en HTML et en CSS. JavaScript n’est pas nécessaire.
accessibility-day = Déclaration établie le { $day }.
accessibility-tell-heading = Quelque chose vous gêne ?
accessibility-tell = Appelez le cabinet qui vous a écrit. Son téléphone est en bas de la page de votre lettre et dans l’e‑mail que vous avez reçu.
accessibility-tell-other = Dites ce qui ne va pas, et comment vous préférez recevoir la lettre : il doit vous répondre et vous la donner autrement.
accessibility-tell-contact = Vous pouvez aussi écrire à ceux qui font fonctionner ces pages :
accessibility-remedy-heading = Si vous n’avez pas de réponse
accessibility-remedy = En France, si vous n’obtenez pas de réponse qui vous convienne, vous pouvez vous adresser au Défenseur des droits, gratuitement : au 09 69 39 00 00, sur le site defenseurdesdroits.fr, ou auprès de son délégué dans votre région.
accessibility-remedy-address = Par courrier, sans timbre : Défenseur des droits, Libre réponse 71120, 75342 Paris CEDEX 07.
accessibility-remedy-abroad = Dans un autre pays, adressez-vous à l’autorité qui y défend les droits des personnes handicapées.
