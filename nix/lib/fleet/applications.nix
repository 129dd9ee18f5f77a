# The applications that can be deployed. Written by `fediversity schema`; never edited by hand.
[
  "mastodon"
  "peertube"
  "pixelfed"
]
