<?php

// Makes the initial user of Pixelfed, its administrator. Run by `artisan tinker`; does nothing where the account exists.

use App\User;

$username = getenv('INITIAL_USERNAME');
if (User::whereUsername($username)->exists()) {
    echo "$username exists already\n";
} else {
    $user = new User;
    $user->username = $username;
    $user->name = getenv('INITIAL_DISPLAY_NAME');
    $user->email = getenv('INITIAL_EMAIL');
    $user->password = bcrypt(rtrim(file_get_contents(getenv('CREDENTIALS_DIRECTORY') . '/password'), "\n"));
    $user->is_admin = true;
    $user->email_verified_at = now();
    $user->save();
    echo "made $username the administrator\n";
}
