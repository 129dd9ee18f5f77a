# Removes what an application has left: its database and its directories. What is gone already is no error.
set -euo pipefail

case $DATABASE_SERVER in
  postgresql)
    runuser -u postgres -- psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
      --command="DROP DATABASE IF EXISTS \"$DATABASE\"" \
      --command="DROP ROLE IF EXISTS \"$DATABASE\""
    ;;
  mysql)
    runuser -u mysql -- mariadb \
      --execute="DROP DATABASE IF EXISTS \`$DATABASE\`; DROP USER IF EXISTS '$DATABASE'@localhost"
    ;;
  *)
    echo "no database server is called '$DATABASE_SERVER'" >&2
    exit 1
    ;;
esac
echo "dropped the database $DATABASE and its user on $DATABASE_SERVER"

for directory in $DIRECTORIES; do
  if [ -e "$directory" ]; then
    rm -rf --one-file-system -- "$directory"
    echo "removed $directory"
  else
    echo "nothing to remove at $directory"
  fi
done
