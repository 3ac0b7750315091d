# The statement of accessibility, and its mention at the foot of every page.

accessibility-mention = Accesibilidad: parcialmente conforme
accessibility-title = Declaración de accesibilidad
accessibility-state-heading = Estado de conformidad
accessibility-state = Estas páginas están hechas para todo el mundo: en un teléfono viejo, con letras grandes, con el teclado, con un lector de pantalla. Son parcialmente conformes con el marco francés de accesibilidad (RGAA), versión 4.1, que sigue las WCAG y la norma EN 301 549.
accessibility-found = De sus 106 criterios, { $applicable } se refieren a estas páginas; { $kept } se cumplen. Los otros { $without } hablan de cosas que aquí no hay, como vídeos.
accessibility-missing-heading = Lo que no es accesible
accessibility-missing-readers = Personas que usan un lector de pantalla todavía no han probado estas páginas. Por eso no decimos que sean del todo conformes.
accessibility-missing-letters = El texto de una carta se muestra como lo hizo la persona que le escribe: sus títulos, sus tablas, sus imágenes. Un lector de pantalla lo lee en el idioma que esa persona ha indicado, o si no en el de la consulta: no siempre es el correcto. Donde esa persona no ha descrito una imagen, en su lugar está el nombre del archivo.
accessibility-missing-files = Los archivos adjuntos vienen también de esa persona. Un lector de pantalla no siempre puede leer un PDF o una fotografía. Pida a la consulta que se los dé de otra manera.
accessibility-how-heading = Cómo lo hemos comprobado
accessibility-how = Hemos evaluado estas páginas nosotros mismos: cada página, en cada situación y en cinco idiomas, en el navegador Chromium con la herramienta axe-core; en claro y en oscuro; en una pantalla de 320 píxeles de ancho y en una grande; ampliadas al 200 %; solo con el teclado; sin JavaScript.
accessibility-made-of = Estas páginas están hechas en HTML y CSS. No se necesita JavaScript.
accessibility-day = Declaración hecha el { $day }.
accessibility-tell-heading = ¿Hay algo que le estorba?
accessibility-tell = Llame a la consulta que le escribió. Su teléfono está al pie de la página de su carta y en el correo que recibió.
accessibility-tell-other = Diga qué no funciona y cómo prefiere recibir la carta: deben responderle y dársela de otra manera.
accessibility-tell-contact = También puede escribir a quienes mantienen estas páginas:
accessibility-remedy-heading = Si no recibe respuesta
accessibility-remedy = En Francia, si no recibe una respuesta satisfactoria, puede dirigirse gratuitamente al Defensor de los derechos (Défenseur des droits): en el 09 69 39 00 00, en defenseurdesdroits.fr, o ante su delegado en su región.
accessibility-remedy-address = Por correo postal, sin sello: Défenseur des droits, Libre réponse 71120, 75342 Paris CEDEX 07, Francia.
accessibility-remedy-abroad = En otro país, diríjase a la autoridad que defiende allí los derechos de las personas con discapacidad.
