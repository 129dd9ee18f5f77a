# What must not be in a committed file: key material, and addresses. Found values are never repeated.
{ lib, finding }:
let
  keyMarks = [
    "PRIVATE KEY"
    "AGE-SECRET-KEY-"
    "PuTTY-User-Key-File"
  ];

  ipv4 = "([0-9]{1,3}[.]){3}[0-9]{1,3}(:[0-9]+)?[.:]*";
  # Eight groups, or some groups around a double colon.
  group = "[0-9A-Fa-f]{1,4}";
  some = "(${group}(:${group})*)?";
  ipv6 = "((${group}:){7}${group}|${some}::${some})[.:]*";

  words = text: lib.filter lib.isString (builtins.split "[^0-9A-Za-z.:]+" text);
  isAddress =
    word: builtins.match ipv4 word != null || builtins.match ipv6 word != null && word != "::";

  inText =
    where: text:
    lib.optional (lib.any (mark: lib.hasInfix mark text) keyMarks) (
      finding where "this holds a private key"
        "take it out, out of git's history too, and replace the key; secrets are clan vars or sops files"
    )
    ++ lib.optional (lib.any isAddress (words text)) (
      finding where "this holds an IP address"
        "name a machine instead; addresses are found out when servers are made, or are clan vars"
    );

  within =
    where: value:
    if lib.isString value then
      inText where value
    else if lib.isAttrs value then
      lib.concatLists (
        lib.mapAttrsToList (
          key: inner:
          let
            inKey = inText (if where == "" then "the top" else where) key;
          in
          if inKey != [ ] then inKey else within (if where == "" then key else "${where}.${key}") inner
        ) value
      )
    else if lib.isList value then
      lib.concatLists (lib.imap0 (index: within "${where}.${toString index}") value)
    else
      [ ];
in
within ""
