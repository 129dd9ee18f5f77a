# Makes the database of who may log in at the relay, anew at each start: `name=user` for each deployment.
# Deployments that share a user share its password. No password is on a command line.
set -euo pipefail
umask 027

declare -A seen
rm -f "$DATABASE"
for deployment in $USERS; do
  name=${deployment%%=*}
  user=${deployment#*=}
  password=$(< "$CREDENTIALS_DIRECTORY/$name")
  if [ -n "${seen[$user]:-}" ] && [ "${seen[$user]}" != "$password" ]; then
    echo "two deployments log in as $user with different passwords; give each a user of its own" >&2
    exit 1
  fi
  seen[$user]=$password
  printf '%s' "$password" | saslpasswd2 -p -c -f "$DATABASE" -u "$REALM" "$user"
  # Postfix's processes read it as members of this unit's group.
  chmod 0640 "$DATABASE"
  echo "$user may log in"
done
