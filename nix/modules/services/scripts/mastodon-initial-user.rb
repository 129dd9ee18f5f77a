# Makes the initial user of Mastodon, its owner. Run by `rails runner`; does nothing where the account exists.
username = ENV.fetch('INITIAL_USERNAME')
if Account.find_local(username)&.user
  puts "#{username} exists already"
  exit
end

# As with a sign-up by hand: whether the address can be reached is not for this machine's resolver to say.
User.define_singleton_method(:skip_mx_check?) { true }

user = User.new(
  email: ENV.fetch('INITIAL_EMAIL'),
  password: File.read(File.join(ENV.fetch('CREDENTIALS_DIRECTORY'), 'password')).chomp,
  agreement: true,
  role: UserRole.find_by!(name: 'Owner'),
  confirmed_at: Time.now.utc,
  bypass_registration_checks: true,
  account: Account.new(username: username, display_name: ENV.fetch('INITIAL_DISPLAY_NAME'))
)
user.save!
user.approve! unless user.approved?
puts "made #{username} the owner"
