-- A copy has no way to the company's Dropbox.
UPDATE progbox_dropbox_account
   SET access_token = NULL,
       refresh_token = NULL,
       token_expires = NULL,
       app_secret = NULL,
       state = 'disconnected';
