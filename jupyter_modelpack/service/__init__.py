"""The release service: the routes of promotion as a server of their own, with logins for teams."""
