"""Tables of well-known keys and tokens, by what their issuers publish about their shape.

A kind of secret has a line with its name, one with its marks and one or more with its shape, a
regular expression. It is looked for only in texts that hold one of the marks, which is much quicker
than trying every expression. All expressions have bounded repeats and no nested ones, so that no
text makes them slow. The secret is group 1, or the whole match. A shape stands between characters
that cannot belong to it, unless it begins with ``~``.
"""

CLOUD = r"""
AWS key
  AKIA, ASIA, ABIA, ACCA, A3T
  (?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}
AWS Bedrock key
  ABSK, bedrock-api-key-
  (?:ABSK[A-Za-z0-9+/]{100,300}={0,2}|bedrock-api-key-[A-Za-z0-9+/=]{20,600})
Amazon MWS token
  amzn.mws.
  amzn\.mws\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
Google API key
  AIza
  AIza[A-Za-z0-9_-]{35}
Google client secret
  GOCSPX-
  GOCSPX-[A-Za-z0-9_-]{28}
Google access token
  ya29.
  ya29\.[A-Za-z0-9_-]{20,1000}
Google refresh token
  1//0
  1//0[A-Za-z0-9_-]{38,120}
Azure storage key
  ==
  ~ (?<!sha512-)(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==(?![=A-Za-z0-9])
Azure client secret
  Q~
  ~ (?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~-])
Azure access signature
  sig=
  ~ [?&;]sig=([A-Za-z0-9%+/_-]{43,90}(?:%3[Dd]|=))
Azure DevOps token
  AZDO
  [A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}
Azure function key
  AzFu
  ~ [A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_=-]{8}
Azure search key
  AzSe
  [A-Za-z0-9]{42}AzSe[A-Za-z0-9]{6}
Azure registry key
  +ACR
  [A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9+/]{6}
Alibaba Cloud key
  LTAI
  LTAI[A-Za-z0-9]{16,24}
Tencent Cloud key
  AKID
  AKID[A-Za-z0-9]{32}
DigitalOcean token
  _v1_
  do[opr]_v1_[a-f0-9]{64}
Yandex Cloud key
  AQVN
  AQVN[A-Za-z0-9_-]{35,38}
Heroku key
  HRKU-
  HRKU-[A-Za-z0-9_-]{30,80}
Fly.io token
  fm2_, fo1_
  (?:fo1_[A-Za-z0-9_-]{43}|fm2_[A-Za-z0-9+/]{80,800}={0,2})
Cloudflare origin key
  v1.0-
  v1\.0-[a-f0-9]{24}-[a-f0-9]{146}
Scalingo token
  tk-us-
  tk-us-[A-Za-z0-9_-]{48}
Netlify token
  nfp_
  nfp_[A-Za-z0-9]{36,60}
OpenShift token
  sha256~
  sha256~[A-Za-z0-9_-]{43}
"""
CODE = r"""
GitHub token
  ghp_, gho_, ghu_, ghs_, ghr_
  gh[pousr]_[A-Za-z0-9]{36,255}
GitHub token
  github_pat_
  github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}
GitLab token
  glpat-, gldt-, glrt-, glptt-, glcbt-, glsoat-, glft-, gloas-, glimt-, glagent-
  gl(?:pat|dt|rt|ptt|cbt|soat|ft|oas|imt|agent)-[A-Za-z0-9_.-]{20,255}
Bitbucket token
  ATBB, ATCTT
  (?:ATBB[A-Za-z0-9]{32}|ATCTT3xFfG[A-Za-z0-9_=-]{50,300})
Atlassian token
  ATATT3
  ATATT3[A-Za-z0-9_=-]{50,300}
npm token
  npm_
  npm_[A-Za-z0-9]{36}
PyPI token
  pypi-AgE
  pypi-AgE[A-Za-z0-9_-]{50,1000}
RubyGems key
  rubygems_
  rubygems_[a-f0-9]{48}
crates.io token
  cio
  cio[A-Za-z0-9]{32}
NuGet key
  oy2
  oy2[a-z0-9]{43}
Clojars token
  CLOJARS_
  CLOJARS_[a-z0-9]{60}
Docker Hub token
  dckr_
  dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,56}
Artifactory token
  AKCp, cmVmdGtuO
  (?:AKCp[A-Za-z0-9]{65,75}|cmVmdGtuO[A-Za-z0-9]{55,70})
SonarQube token
  sqp_, squ_, sqa_
  sq[pua]_[a-f0-9]{40}
Postman key
  PMAK-
  PMAK-[a-f0-9]{24}-[a-f0-9]{34}
Linear key
  lin_
  lin_(?:api|oauth)_[A-Za-z0-9]{40,64}
Figma token
  figd_
  figd_[A-Za-z0-9_-]{40,60}
ReadMe key
  rdme_
  rdme_[a-z0-9]{70}
Sentry token
  sntrys_, sntryu_
  (?:sntrys_[A-Za-z0-9+/=_]{60,400}|sntryu_[a-f0-9]{64})
New Relic key
  NRAK-, NRJS-, NRII-
  (?:NRAK-[A-Z0-9]{27}|NRJS-[a-f0-9]{19}|NRII-[A-Za-z0-9_-]{32})
Grafana token
  glsa_, glc_
  (?:glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2})
Dynatrace token
  dt0
  dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}
Vault token
  hvs., hvb., hvr.
  hv[sbr]\.[A-Za-z0-9_-]{24,300}
Terraform token
  .atlasv1.
  [A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70}
Pulumi token
  pul-
  pul-[a-f0-9]{40}
Doppler token
  dp.
  dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}
1Password token
  ops_eyJ
  ops_eyJ[A-Za-z0-9+/_-]{100,1200}={0,3}
Infracost key
  ico-
  ico-[A-Za-z0-9]{32}
Prefect key
  pnu_, pnb_
  pn[ub]_[A-Za-z0-9]{36}
age key
  AGE-SECRET-KEY-1
  AGE-SECRET-KEY-1[0-9A-Z]{58}
"""
MODELS = r"""
OpenAI key
  T3BlbkFJ, sk-proj-, sk-svcacct-, sk-admin-, sk-None-
  sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{16,160}T3BlbkFJ[A-Za-z0-9_-]{16,160}
OpenAI key
  sk-
  sk-(?:proj-|svcacct-|admin-)?(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9][A-Za-z0-9_]{31,160}
Anthropic key
  sk-ant-
  sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{40,160}
OpenRouter key
  sk-or-
  sk-or-v1-[a-f0-9]{64}
Hugging Face token
  hf_, api_org_
  (?:hf|api_org)_[A-Za-z]{34}
Replicate token
  r8_
  r8_[A-Za-z0-9]{37}
Groq key
  gsk_
  gsk_[A-Za-z0-9]{48,56}
xAI key
  xai-
  xai-[A-Za-z0-9]{70,90}
Perplexity key
  pplx-
  pplx-[A-Za-z0-9]{40,60}
NVIDIA key
  nvapi-
  nvapi-[A-Za-z0-9_-]{60,70}
LangSmith key
  lsv2_
  lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}
Langfuse key
  sk-lf-
  sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
Pinecone key
  pcsk_
  pcsk_[A-Za-z0-9]{5,8}_[A-Za-z0-9]{50,70}
Kaggle token
  KGAT_
  KGAT_[a-f0-9]{32}
Weights & Biases key
  wandb
  (?i:wandb)[^\n]{0,60}?[^A-Za-z0-9]([a-f0-9]{40})
Weights & Biases key
  wandb_v1_
  wandb_v1_[A-Za-z0-9_]{60,90}
Neptune token
  eyJhcGlf
  eyJhcGlf[A-Za-z0-9+/]{60,400}={0,2}
Databricks token
  dapi, dkea
  (?:dapi|dkea)[a-f0-9]{32}(?:-[0-9]{1,2})?
Supabase key
  sbp_, sb_secret_
  (?:sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{30,50})
PlanetScale password
  pscale_
  pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,64}
Airtable token
  pat
  pat[A-Za-z0-9]{14}\.[a-f0-9]{64}
Notion token
  secret_, ntn_
  (?:secret_[A-Za-z0-9]{43}|ntn_[0-9]{11}[A-Za-z0-9]{35})
Mapbox token
  sk.eyJ
  sk\.eyJ[A-Za-z0-9_-]{50,200}\.[A-Za-z0-9_-]{20,30}
"""
SERVICES = r"""
Slack token
  xoxb-, xoxp-, xoxa-, xoxr-, xoxs-, xoxo-, xoxc-, xoxd-, xoxe
  xox(?:[bparsocd]|e(?:\.xox[bp])?)-[A-Za-z0-9%-]{20,300}
Slack app token
  xapp-
  xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{10,14}-[a-f0-9]{60,70}
Slack webhook
  hooks.slack.com
  hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{40,80})
Teams webhook
  webhook.office.com
  webhook\.office\.com/webhookb2/([A-Za-z0-9@/-]{80,220})
Discord webhook
  /api/webhooks/
  discord(?:app)?\.com/api/webhooks/[0-9]{16,20}/([A-Za-z0-9_-]{60,70})
Discord token
  .
  [MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}
Telegram bot token
  :AA
  [0-9]{8,10}:AA[A-Za-z0-9_-]{33}
Stripe key
  sk_live_, rk_live_, sk_test_, rk_test_, sk_prod_
  [sr]k_(?:live|test|prod)_[A-Za-z0-9]{20,250}
Stripe webhook secret
  whsec_
  whsec_[A-Za-z0-9+/]{32,64}
Square token
  sq0atp-, sq0csp-, EAAA
  (?:sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}|EAAA[A-Za-z0-9_-]{60})
Braintree token
  access_token$
  access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}
Shopify token
  shpat_, shpca_, shppa_, shpss_
  shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}
Twilio key
  SK
  SK[a-f0-9]{32}
SendGrid key
  SG.
  SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}
Mailgun key
  key-, pubkey-
  (?:pub)?key-[a-f0-9]{32}
Mailchimp key
  -us
  [a-f0-9]{32}-us[0-9]{1,2}
Brevo key
  xkeysib-, xsmtpsib-
  x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}
HubSpot token
  pat-na, pat-eu
  pat-(?:na|eu)[0-9]-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
Facebook token
  EAA
  (?<![/+])EAA[A-Za-z0-9]{90,300}
Twitter token
  AAAAAAAAAAAAAAAA
  A{18,24}[A-Za-z0-9]{10,40}%[0-9A-F]{2}[A-Za-z0-9%]{30,120}
Dropbox token
  sl.
  sl\.(?:u\.)?[A-Za-z0-9_-]{120,1400}
Contentful token
  CFPAT-
  CFPAT-[A-Za-z0-9_-]{43}
Typeform token
  tfp_
  tfp_[A-Za-z0-9_.-]{59}
Shippo token
  shippo_
  shippo_(?:live|test)_[a-f0-9]{40}
EasyPost key
  EZAK, EZTK
  EZ[AT]K[A-Za-z0-9]{54}
Duffel token
  duffel_
  duffel_(?:live|test)_[A-Za-z0-9_=-]{43}
Flutterwave key
  FLWSECK
  FLWSECK(?:_TEST)?-[a-hA-H0-9]{12,40}(?:-X)?
Paystack key
  sk_
  sk_[a-f0-9]{40}
Frame.io token
  fio-u-
  fio-u-[A-Za-z0-9_=-]{64}
Adobe secret
  p8e-
  p8e-[A-Za-z0-9]{32}
Tailscale key
  tskey-
  tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{10,20}-[A-Za-z0-9]{20,40}
ngrok token
  ngrok
  ngrok[^\n]{0,40}?[^A-Za-z0-9_]([0-9][A-Za-z0-9]{26}_[A-Za-z0-9]{20,24})
Jupyter token
  token=
  ~ (?:https?://[^\s/?]{1,200}/[^\s?]{0,200}\?token=)([a-f0-9]{40,64})
"""
GENERAL = r"""
private key
  PRIVATE KEY
  ~ -----BEGIN (?:[A-Z]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\r|\\n|\s|"|'|,|\+|\\|\(
  |\)|<br>){0,40}((?:[A-Za-z0-9+/=:. -]{12,}))
PuTTY private key
  PuTTY-User-Key-File
  ~ PuTTY-User-Key-File-[23]:[^\n]{0,200}
signed token (JWT)
  eyJ
  eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,1000}
password in an address
  ://
  ~ [a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/?#:@"'<>`]{0,100}:
  ([^\s/?#@"'<>`]{3,200})@[A-Za-z0-9\[][^\s/"'<>`]{0,200}
access token
  earer
  ~ [Bb]earer\s{1,3}([A-Za-z0-9_.~+/-]{20,2000}=?=?)
password of a web server
  asic
  ~ [Aa]uthorization["']?\s?[:=,]\s?["']?[Bb]asic\s{1,3}([A-Za-z0-9+/]{12,400}={0,2})
Kaggle key
  key
  ~ \\{0,6}"key\\{0,6}"\s{0,3}:\s{0,3}\\{0,6}"([a-f0-9]{32})\\{0,6}"
"""
