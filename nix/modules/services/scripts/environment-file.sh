# Writes what systemd handed over as credentials into an environment file, one variable for each.
# Three programs read it, each with its own rules of quoting: systemd, a shell, and Laravel. They agree on what stands in
# single quotes, so a value must not contain one.
set -euo pipefail
umask 077

file=$RUNTIME_DIRECTORY/environment
: > "$file.new"
for credential in "$CREDENTIALS_DIRECTORY"/*; do
  variable=${credential##*/}
  value=$(< "$credential")
  case $value in
    '' | *"'"* | *'\'* | *$'\n'*)
      echo "the secret for $variable is empty, or has a quote, a backslash or a second line in it" >&2
      exit 1
      ;;
  esac
  printf "%s='%s'\n" "$variable" "$value" >> "$file.new"
done
mv "$file.new" "$file"
