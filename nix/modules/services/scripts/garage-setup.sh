# Gives a new Garage its layout of one node, and each deployment (`name=bucket`) its bucket and its key, by Garage's
# own interface for administrators. What is there stays as it is. No secret is on a command line.
set -euo pipefail

ask() {
  local path=$1
  shift
  curl --silent --show-error --fail \
    --header @<(printf 'Authorization: Bearer %s\n' "$(< "$CREDENTIALS_DIRECTORY/admin-token")") \
    "$@" "$GARAGE/v2/$path"
}

tell() {
  ask "$1" --header "Content-Type: application/json" --data @-
}

# The service counts as started before it answers.
status=$(ask GetClusterStatus --retry 60 --retry-delay 1 --retry-all-errors)

if [ "$(jq '[.nodes[] | select(.role != null)] | length' <<< "$status")" = 0 ]; then
  jq --argjson capacity "$CAPACITY" '{roles: [{id: .nodes[0].id, zone: "fleet", $capacity, tags: []}]}' <<< "$status" |
    tell UpdateClusterLayout > /dev/null
  ask GetClusterLayout | jq '{version: (.version + 1)}' | tell ApplyClusterLayout > /dev/null
  echo "this node holds the data"
fi

keys=$(ask ListKeys)
buckets=$(ask ListBuckets)
for deployment in $DEPLOYMENTS; do
  name=${deployment%%=*}
  bucket=${deployment#*=}

  id=$(< "$CREDENTIALS_DIRECTORY/$name-id")
  if ! jq --exit-status --arg id "$id" 'any(.[]; .id == $id)' <<< "$keys" > /dev/null; then
    jq --null-input --arg name "$name" --arg id "$id" --rawfile secret "$CREDENTIALS_DIRECTORY/$name-secret" \
      '{$name, accessKeyId: $id, secretAccessKey: ($secret | rtrimstr("\n"))}' |
      tell ImportKey > /dev/null
    echo "imported the key of $name"
  fi

  known=$(
    jq --raw-output --arg bucket "$bucket" \
      '[.[] | select(.globalAliases | index($bucket)) | .id] | first // empty' <<< "$buckets"
  )
  if [ -z "$known" ]; then
    made=$(jq --null-input --arg bucket "$bucket" '{globalAlias: $bucket}' | tell CreateBucket)
    known=$(jq --raw-output .id <<< "$made")
    buckets=$(ask ListBuckets)
    echo "made the bucket $bucket"
  fi

  # Applications write; everybody reads, by the domain that has the bucket's name in it.
  jq --null-input --arg bucket "$known" --arg id "$id" \
    '{bucketId: $bucket, accessKeyId: $id, permissions: {read: true, write: true, owner: false}}' |
    tell AllowBucketKey > /dev/null
  jq --null-input '{websiteAccess: {enabled: true, indexDocument: "index.html", errorDocument: null}}' |
    tell "UpdateBucket?id=$known" > /dev/null
done
