#!/bin/sh
# Writes the secrets that compose.yaml mounts, once. The folder is closed to others; the files in it are readable,
# because a container reads them as another user.
set -eu
umask 077
cd "$(dirname "$0")/.."
folder=var/secrets
mkdir -p "$folder"

random() {
    LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c "$1"
}

keep() {
    [ -e "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"
    chmod 644 "$folder/$1"
}

keep secret-key "$(random 64)"
keep admin-password "$(random 20)"
keep postgres-password "$(random 32)"
keep database-url "postgres://frontdesk:$(cat "$folder/postgres-password")@postgres:5432/frontdesk"
echo "The secrets are in $folder; log in as admin with what $folder/admin-password says."
