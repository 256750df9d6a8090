"""All routes, below ``/jupyter-modelpack/``."""

from __future__ import annotations

from jupyter_modelpack.handlers.audit import AuditHandler
from jupyter_modelpack.handlers.blobs import BlobHandler
from jupyter_modelpack.handlers.builds import BuildHandler, BuildLogHandler, BuildsHandler
from jupyter_modelpack.handlers.difference import DifferenceHandler
from jupyter_modelpack.handlers.environments import EnvironmentsHandler
from jupyter_modelpack.handlers.handler import Handler
from jupyter_modelpack.handlers.history import HistoryHandler
from jupyter_modelpack.handlers.info import InfoHandler
from jupyter_modelpack.handlers.inspection import InspectionHandler
from jupyter_modelpack.handlers.offers import OffersHandler
from jupyter_modelpack.handlers.packages import (
    PackageExportHandler,
    PackageHandler,
    PackageNotebookHandler,
    PackagePipelineHandler,
    PackagesHandler,
    PackageVersionsHandler,
)
from jupyter_modelpack.handlers.policy import (
    PolicyChangesHandler,
    PolicyDecisionHandler,
    PolicyHandler,
)
from jupyter_modelpack.handlers.policy_pages import JurisdictionPage, PolicyDecisionForm
from jupyter_modelpack.handlers.promotion_pages import (
    DecisionForm,
    PromotionNotebookPage,
    PromotionPage,
    RollbackForm,
    WithdrawalForm,
)
from jupyter_modelpack.handlers.promotions import (
    DecisionHandler,
    PromotionHandler,
    PromotionsHandler,
    RollbacksHandler,
)
from jupyter_modelpack.handlers.reading_pages import (
    AuditPage,
    FrontPage,
    HistoryPage,
    PackagePage,
    PageFileHandler,
    PageStateHandler,
    SignedInPage,
)
from jupyter_modelpack.handlers.run_files import RunFileHandler
from jupyter_modelpack.handlers.runs import (
    RunHandler,
    RunLogHandler,
    RunNotebookHandler,
    RunRetryHandler,
    RunsHandler,
)
from jupyter_modelpack.handlers.schedules import ScheduleHandler, SchedulesHandler
from jupyter_modelpack.handlers.state import StateHandler
from jupyter_modelpack.handlers.submissions import SubmissionHandler, SubmissionsHandler

_ONE = "([^/]+)"

Routes = tuple[tuple[str, type[Handler]], ...]

# What people read and decide on in a browser.
PAGE_ROUTES: Routes = (
    ("pages/?", FrontPage),
    (f"pages/promotions/{_ONE}", PromotionPage),
    (f"pages/promotions/{_ONE}/notebook", PromotionNotebookPage),
    (f"pages/promotions/{_ONE}/decision", DecisionForm),
    (f"pages/promotions/{_ONE}/withdrawal", WithdrawalForm),
    (f"pages/packages/{_ONE}", PackagePage),
    (f"pages/packages/{_ONE}/rollbacks", RollbackForm),
    ("pages/history", HistoryPage),
    ("pages/audit", AuditPage),
    ("pages/jurisdiction", JurisdictionPage),
    (f"pages/policy/changes/{_ONE}/decision", PolicyDecisionForm),
    ("pages/signed-in", SignedInPage),
    ("pages/state", PageStateHandler),
    (f"pages/static/{_ONE}", PageFileHandler),
)
# What a server has that makes packages itself.
LOCAL_ROUTES: Routes = (
    ("inspection", InspectionHandler),
    ("builds", BuildsHandler),
    (f"builds/{_ONE}", BuildHandler),
    (f"builds/{_ONE}/log", BuildLogHandler),
    (f"packages/{_ONE}/{_ONE}/export", PackageExportHandler),
    ("offers", OffersHandler),
    ("runs", RunsHandler),
    (f"runs/{_ONE}", RunHandler),
    (f"runs/{_ONE}/files", RunFileHandler),
    (f"runs/{_ONE}/log", RunLogHandler),
    (f"runs/{_ONE}/notebook", RunNotebookHandler),
    (f"runs/{_ONE}/retry", RunRetryHandler),
    ("schedules", SchedulesHandler),
    (f"schedules/{_ONE}", ScheduleHandler),
)
# What the release service has too.
RELEASE_ROUTES: Routes = (
    ("info", InfoHandler),
    ("packages", PackagesHandler),
    (f"packages/{_ONE}", PackageVersionsHandler),
    (f"packages/{_ONE}/{_ONE}", PackageHandler),
    (f"packages/{_ONE}/{_ONE}/pipeline", PackagePipelineHandler),
    (f"packages/{_ONE}/{_ONE}/notebook", PackageNotebookHandler),
    ("environments", EnvironmentsHandler),
    ("promotions", PromotionsHandler),
    (f"promotions/{_ONE}", PromotionHandler),
    (f"promotions/{_ONE}/decision", DecisionHandler),
    ("rollbacks", RollbacksHandler),
    ("state", StateHandler),
    ("history", HistoryHandler),
    ("difference", DifferenceHandler),
    ("policy", PolicyHandler),
    ("policy/changes", PolicyChangesHandler),
    (f"policy/changes/{_ONE}/decision", PolicyDecisionHandler),
    ("audit", AuditHandler),
    *PAGE_ROUTES,
)
# What only the release service has: others send it what they have packaged.
INTAKE_ROUTES: Routes = (
    (f"blobs/{_ONE}", BlobHandler),
    ("submissions", SubmissionsHandler),
    (f"submissions/{_ONE}", SubmissionHandler),
)
SERVICE_ROUTES: Routes = (*RELEASE_ROUTES, *INTAKE_ROUTES)
ROUTES: Routes = (*LOCAL_ROUTES, *RELEASE_ROUTES)
