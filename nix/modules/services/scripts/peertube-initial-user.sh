# Makes the initial user of PeerTube an administrator, by PeerTube's own interface. PeerTube itself makes only `root`,
# with the same password at first. Does nothing where the account exists. No secret is on a command line.
set -euo pipefail

password=$(< "$CREDENTIALS_DIRECTORY/password")

ask() {
  curl --silent --show-error --fail --header "Host: $DOMAIN" "$@"
}

log_in() {
  ask "$PEERTUBE/api/v1/users/token" \
    --data-urlencode "client_id=$(jq --raw-output .client_id <<< "$client")" \
    --data-urlencode "client_secret@"<(jq --join-output .client_secret <<< "$client") \
    --data-urlencode "grant_type=password" \
    --data-urlencode "username=$1" \
    --data-urlencode "password@"<(printf '%s' "$password") |
    jq --raw-output .access_token
}

with_token() {
  ask --header @<(printf 'Authorization: Bearer %s\n' "$token") --header "Content-Type: application/json" "$@"
}

json() {
  jq --null-input --arg username "$INITIAL_USERNAME" --arg name "$INITIAL_DISPLAY_NAME" --arg email "$INITIAL_EMAIL" \
    --arg domain "$DOMAIN" --rawfile password <(printf '%s' "$password") "$1"
}

# The service counts as started before it answers: the first time it makes its database.
ask --retry 90 --retry-delay 2 --retry-all-errors "$PEERTUBE/api/v1/config" > /dev/null

if ask "$PEERTUBE/api/v1/accounts/$INITIAL_USERNAME" > /dev/null 2>&1; then
  echo "$INITIAL_USERNAME exists already"
else
  client=$(ask "$PEERTUBE/api/v1/oauth-clients/local")
  token=$(log_in root)

  # An address belongs to one account, and `root` was made with the one of the administrator.
  root=$(with_token "$PEERTUBE/api/v1/users/me" | jq .id)
  json '{email: "root@\($domain)"}' | with_token --request PUT --data @- "$PEERTUBE/api/v1/users/$root"
  json '{$username, $password, $email, role: 0, videoQuota: -1, videoQuotaDaily: -1}' |
    with_token --data @- "$PEERTUBE/api/v1/users" > /dev/null

  # The name in full is for the account itself to say.
  token=$(log_in "$INITIAL_USERNAME")
  json '{displayName: $name}' | with_token --request PUT --data @- "$PEERTUBE/api/v1/users/me"
  echo "made $INITIAL_USERNAME an administrator"
fi
